"""`tempmm-lab explore`, `sweep`, `replay` and `list`: what they print, and the four exit statuses."""

import json

import pytest

from tempmm_lab.cli import main

BROKEN = ["explore", "text_poke", "--build", "v5.1", "--knob", "irqs=0"]


def said(arguments, capsys):
    """Run the command; give (status, output, errors)."""
    status = main(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_what_holds_ends_with_0(capsys):
    """A clean scenario: status 0, and every rule is said to hold."""
    status, out, _ = said(["explore", "text_poke", "--knob", "irqs=0"], capsys)
    assert status == 0
    assert out.count("holds") == 7
    assert "every interleaving" in out


def test_what_is_broken_ends_with_1(capsys):
    """A broken rule: status 1, and a path that `replay` plays to the same end."""
    status, out, _ = said(BROKEN, capsys)
    path = next(word for word in out.split() if word.startswith("text_poke:v5.1:"))
    assert status == 1
    status, out, _ = said(["replay", path], capsys)
    assert (status, "BREAKS: only-poker-writes" in out) == (1, True)
    assert said(["replay", "text_poke", path], capsys)[0] == 1


def test_json_says_the_same(capsys):
    """--json gives the report, and the run, as data."""
    _, out, _ = said([*BROKEN, "--json"], capsys)
    report = json.loads(out)
    assert not report["holds"]
    assert report["complete"]
    path = report["counterexamples"]["only-poker-writes"]["path"]
    _, out, _ = said(["replay", path, "--json"], capsys)
    assert json.loads(out)["path"] == path


def test_a_proof_names_what_it_assumes(capsys):
    """`explore --prove` proves a scenario for any number of CPUs, ends with 0, and says what was assumed."""
    assert main(["explore", "shootdown", "--prove"]) == 0
    printed = capsys.readouterr().out
    assert "any number of CPUs, every interleaving" in printed
    assert (
        "assumed: CPU 0 (unmapper), CPU 1 (second), one each, and any number of CPUs (user), none included" in printed
    )


@pytest.mark.parametrize("by", ["views", "states", "one-by-one"])
def test_every_way_finds_the_same(by, capsys):
    """However the states are visited, the same rule is broken after as many steps."""
    assert main(["explore", "text_poke", "--build", "v5.1", "--by", by]) == 1
    assert "BROKEN only-poker-writes after 5 steps" in capsys.readouterr().out


def test_a_replay_that_holds_ends_with_0(capsys):
    """A run that breaks nothing ends with 0."""
    _, out, _ = said([*BROKEN, "--json"], capsys)
    path = json.loads(out)["counterexamples"]["only-poker-writes"]["path"]
    assert said(["replay", path, "--build", "v6.16"], capsys)[0] == 0


@pytest.mark.parametrize("limit", [["--max-states", "100"], ["--deadline", "0"]])
def test_what_is_not_decided_ends_with_3(limit, capsys):
    """Stopped before the end with nothing broken: status 3, and the report says that it is partial."""
    status, out, _ = said(["explore", "efi_call", *limit], capsys)
    assert status == 3
    assert "NOT ALL" in out


SWEEP = ["sweep", "--scenario", "text_poke,nested", "--knob", "irqs=0"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([*SWEEP, "--build", "v6.14,v6.16"], 0),
        ([*SWEEP, "--build", "all"], 1),
        (["sweep", "--scenario", "efi_call", "--build", "v6.16", "--max-states", "100"], 3),
        ([*SWEEP, "--build", "v6.16", "--deadline", "0"], 3),
    ],
)
def test_a_sweep_ends_like_its_rows(arguments, status, capsys):
    """It ends with 0 if all hold, with 1 if one is broken, and with 3 if one is not decided."""
    ended, out, _ = said(arguments, capsys)
    assert ended == status
    assert out.splitlines()[0].split()[1] == "scenarios:"


def test_a_sweep_on_two_processes_says_the_same(capsys):
    """--jobs changes nothing in the output, and --json gives the same rows as data."""
    arguments = [*SWEEP, "--build", "v5.1,v6.16", "--knob", "cpus=1,2"]
    alone, together = (said([*arguments, "--jobs", jobs], capsys)[:2] for jobs in "12")
    assert alone == together
    data = json.loads(said([*arguments, "--json"], capsys)[1])
    assert [row["verdict"] for row in data["rows"]].count("BROKEN") == 1
    assert len(data["rows"]) == 6
    assert len(data["left_out"]) == 2
    assert not data["holds"]


MISUSE = [
    ["sweep", "--scenario", "nothing"], ["sweep", "--build", "v9"], ["sweep", "--knob", "irqs=0,many"],
    [*SWEEP, "--jobs", "0"], ["sweep", "--scenario", "nested", "--build", "v5.1"], [*SWEEP, "--max-states", "-1"],
    ["explore", "nothing"], ["explore", "text_poke", "--build", "v9"], ["explore", "text_poke", "--knob", "irqs"],
    ["explore", "text_poke", "--knob", "irqs=many"], ["explore", "text_poke", "--knob", "nope=1"],
    ["explore", "nested", "--build", "v5.1"], ["replay", "nonsense"],
    ["replay", "efi_call", "text_poke:v6.16::s0~0000"],
    ["explore", "text_poke", "--max-states", "-1"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", MISUSE, ids=" ".join)
def test_misuse_ends_with_2(arguments, capsys):
    """What was asked wrongly ends with 2 and one line that says what to do."""
    status, _, err = said(arguments, capsys)
    assert status == 2
    assert len(err.strip().splitlines()) == 1


def test_a_path_that_stops_ends_with_2(capsys):
    """A path whose next action cannot happen on this build is misuse, and says which and why."""
    from tempmm_lab import Path
    from tempmm_lab.kernel.step import action

    path = Path("text_poke", "v6.16", (("irqs", "0"),), (action("s", 0), action("i", 0)))
    status, _, err = said(["replay", str(path)], capsys)
    assert status == 2
    assert "action 2" in err


def test_list_has_a_line_for_each(capsys):
    """`list` names every scenario, build and rule, one a line."""
    from tempmm_lab import BUILDS, RULES, STORIES

    out = said(["list"], capsys)[1]
    for name in (*STORIES, *BUILDS, *RULES):
        lines = sum(line.split()[:1] == [name] for line in out.splitlines())
        assert lines == 1 + (name == "text_poke"), name  # which is also a recorded guest


def test_list_has_a_json_form(capsys):
    """`list --json` gives the same names as data."""
    from tempmm_lab import BUILDS, RULES

    told = json.loads(said(["list", "--json"], capsys)[1])
    assert list(told["Builds"]) == list(BUILDS)
    assert told["Rules"] == RULES


def test_progress_goes_to_the_other_stream(capsys):
    """Progress is printed on standard error."""
    from tempmm_lab.commands import _progress

    _progress(1_000, 5)
    assert capsys.readouterr().err == "1,000 states so far, 5 waiting\n"


def test_the_progress_of_a_sweep_is_quiet_at_first(capsys, monkeypatch):
    """A sweep says how many scenarios are done once a second has passed, and then twice a second at most."""
    from tempmm_lab import progress

    clock = iter([0.0, 0.9, 1.1, 1.2, 1.7])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    told = progress.counter("scenarios done")
    for done in (1, 2, 3, 4):
        told(done, 9)
    assert capsys.readouterr().err == "2 of 9 scenarios done\n4 of 9 scenarios done\n"
