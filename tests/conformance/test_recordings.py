"""Recordings of real kernels, row by row beside the model; and recordings that were tampered with."""

import gzip
import json
from pathlib import Path

import pytest

from tempmm_lab import ModelError, conform
from tempmm_lab.cli import main
from tempmm_lab.recordings import build_of, load_recording, windows

DATA = Path(__file__).resolve().parents[2] / "tempmm_lab" / "data" / "recordings"
FILES = {
    "text_poke-6.12.107.jsonl.gz": (15, 130),
    "efi-6.12.107.jsonl.gz": (3, 33),
    "text_poke-6.16.12.jsonl.gz": (10, 128),
    "efi-6.16.12.jsonl.gz": (7, 117),
    "pcid_pokes_bochs-6.16.12.jsonl.gz": (69, 692),
}
"""File -> windows, and rows that count."""


def lines_of(name):
    """Give a shipped recording's lines."""
    return [json.loads(line) for line in gzip.decompress((DATA / name).read_bytes()).decode().splitlines()]


def written(folder, lines):
    """Write lines as a recording."""
    path = folder / "copy.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", FILES)
def test_every_row_matches(name):
    """The model goes through every row of every window as the real kernel did."""
    result = conform(DATA / name)
    assert (result.windows, result.rows) == FILES[name]
    assert result.differences == ()
    assert result.holds
    assert result.text().splitlines()[-1] == f"matched {result.rows} of {result.rows}"


def test_no_shipped_recording_is_untested():
    """Every recording that ships is in the table above."""
    assert {path.name for path in DATA.iterdir()} == set(FILES)


OTHER = {
    "cr3": lambda value: hex(int(value, 16) ^ 0x7000),
    "IF": lambda value: 1 - value,
    "preempt_count": lambda value: hex(int(value, 16) + 1),
    "loaded_mm": lambda value: "init_mm" if value != "init_mm" else "efi_mm",
    "active_mm": lambda value: "init_mm" if value != "init_mm" else "efi_mm",
    "current_mm": lambda value: "init_mm" if value == "NULL" else "NULL",
    "is_lazy": lambda value: 1 - value,
    "loaded_mm_cpumask": lambda value: hex(int(value, 16) ^ 3),
    "active_mm_cpumask": lambda value: hex(int(value, 16) ^ 3),
    "asid_ctxs": lambda value: [[value[0][0], value[0][1] + 1], *value[1:]],
}
TEMPORARY = ("text_poke_mm", "poking_mm", "efi_mm")
PLACES = {
    "text_poke-6.12.107.jsonl.gz": (1, 3, 5, 8, 40, 100), "efi-6.12.107.jsonl.gz": (2, 3, 6, 12, 24),
    "text_poke-6.16.12.jsonl.gz": (2, 4, 6, 9, 13, 30, 60), "efi-6.16.12.jsonl.gz": (2, 5, 8, 11, 15, 16, 50),
}  # fmt: skip


def changes(row):
    """Give every row that differs from this one in one compared value."""
    for name, other in OTHER.items():
        if row.get(name) is not None:
            yield name, {**row, name: other(row[name])}
    for mm in TEMPORARY:
        if mm in row:
            yield f"{mm}.tlb_gen", {**row, mm: {**row[mm], "tlb_gen": row[mm]["tlb_gen"] + 1}}
            yield f"{mm}.cpumask", {**row, mm: {**row[mm], "cpumask": hex(int(row[mm]["cpumask"], 16) ^ 3)}}


@pytest.mark.parametrize("name", PLACES)
def test_one_changed_value_is_noticed(name, tmp_path):
    """One value of one row changed, for each compared field, in several rows: the comparison fails."""
    lines = lines_of(name)
    missed = []
    for place in PLACES[name]:
        for field, changed in changes(lines[place + 1]):
            copy = written(tmp_path, [*lines[: place + 1], changed, *lines[place + 2 :]])
            if conform(copy).holds:
                missed.append((place, field))
    assert missed == []


@pytest.mark.parametrize("field", ["value", "cr3", "asid_ctxs", "IF", "loaded_mm"])
def test_a_changed_cr3_write_is_noticed(field, tmp_path):
    """With PCIDs: one changed value of one CR3 write, inside a window or outside, is noticed."""
    lines = lines_of("pcid_pokes_bochs-6.16.12.jsonl.gz")
    rows = [number for number, line in enumerate(lines) if line.get("event") == "cr3_write"]
    change = {**OTHER, "value": lambda v: hex(int(v, 16) ^ 1 << 63)}
    for number in rows[:4]:
        changed = {**lines[number], field: change[field](lines[number][field])}
        assert not conform(written(tmp_path, [*lines[:number], changed, *lines[number + 1 :]])).holds, number


@pytest.mark.parametrize("row", [4, 8, 15, 43])
def test_a_missing_row_is_no_harm_but_a_moved_one_is(row, tmp_path):
    """A stop that was not recorded is passed over; two rows that changed places are noticed."""
    lines = lines_of("efi-6.16.12.jsonl.gz")
    assert conform(written(tmp_path, [*lines[:row], *lines[row + 1 :]])).holds
    swapped = [*lines[:row], lines[row + 1], lines[row], *lines[row + 2 :]]
    assert not conform(written(tmp_path, swapped)).holds


def test_unknown_events_and_a_doubled_row_are_tolerated(tmp_path):
    """Names that the model does not know are passed over, and so is a stop that was recorded twice."""
    lines = lines_of("text_poke-6.16.12.jsonl.gz")
    odd = {**lines[3], "event": "native_write_msr", "seq": 999}
    copy = written(tmp_path, [*lines[:3], odd, lines[3], {**lines[3], "seq": 998}, *lines[4:]])
    result = conform(copy)
    assert (result.holds, result.rows, result.recording.left_out) == (True, 128, 2)


def test_a_cut_off_window_counts_up_to_there(tmp_path):
    """A recording that ends in the middle of a window counts the rows it has."""
    lines = lines_of("efi-6.16.12.jsonl.gz")
    assert conform(written(tmp_path, [*lines[:8], lines[-1]])).rows == 6


def test_a_kernel_before_the_patch_is_no_kernel_after_it(tmp_path):
    """A recording of 6.12 that claims to be of 6.16 does not match, nor the other way round."""
    for name, claim in (("efi-6.12.107.jsonl.gz", "6.16.1"), ("efi-6.16.12.jsonl.gz", "6.12.1")):
        lines = lines_of(name)
        lines[0]["meta"]["kernel"] = claim
        assert not conform(written(tmp_path, lines)).holds


@pytest.mark.parametrize(
    ("kernel", "build"),
    [("4.18", "v5.1"), ("5.2.1", "v5.2"), ("5.9", "v5.2"), ("5.10", "v5.10"), ("6.1.119", "v5.10"),
     ("6.12.107", "v5.10"),
     ("6.14.2", "v6.14"), ("6.15", "v6.14"), ("6.16.12", "v6.16"), ("7.2", "v6.16")],
)  # fmt: skip
def test_the_build_follows_from_the_version(kernel, build):
    """A recording is compared with the build that its kernel version asks for."""
    assert build_of(kernel) == build


def test_windows_follow_the_task():
    """A task that is preempted or moved to another CPU inside __text_poke() stays in its window."""
    found, outside = windows(load_recording(DATA / "text_poke-6.16.12.jsonl.gz"))
    assert [row.number for row in outside] == [27, 28]
    assert {row.cpu for window in found for row in window.rows if 80 <= row.number <= 92} == {0, 1}


BROKEN = {
    "no end": lambda lines: lines[:-1], "no meta": lambda lines: lines[1:], "nothing": lambda _: [],
    "no row": lambda lines: [lines[0], lines[-1]], "a list": lambda lines: [lines, []],
}  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_no_recording_is_misuse(how, tmp_path, capsys):
    """A file without an end, a meta line or rows is misuse: exit status 2 and a message."""
    copy = written(tmp_path, BROKEN[how](lines_of("efi-6.16.12.jsonl.gz")))
    assert main(["conform", str(copy)]) == 2
    assert "tempmm-lab:" in capsys.readouterr().err


@pytest.mark.parametrize("field", ["IF", "cr3", "preempt_count", "asid_ctxs", "text_poke_mm"])
def test_a_value_that_is_no_number_is_misuse(field, tmp_path, capsys):
    """A recorded value that cannot be read is misuse, and the message names the row and the field."""
    lines = lines_of("text_poke-6.16.12.jsonl.gz")
    strange = {"tlb_gen": "many"} if field == "text_poke_mm" else "many"
    copy = written(tmp_path, [*lines[:5], {**lines[5], field: strange}, *lines[6:]])
    assert main(["conform", str(copy)]) == 2
    assert "Row 4" in capsys.readouterr().err


@pytest.mark.parametrize("field", ["pid", "loaded_mm_asid", "asid_ctxs", "preempt_count", "active_mm_cpumask"])
def test_a_field_that_was_not_recorded_is_no_harm(field, tmp_path):
    """What a recording does not have is not compared."""
    lines = lines_of("efi-6.16.12.jsonl.gz")
    copy = written(tmp_path, [{key: value for key, value in line.items() if key != field} for line in lines])
    assert conform(copy).holds


def older(line, before):
    """Give a row as a kernel of 6.1 might have it: with load_new_mm_cr3, and efi_enter_mm instead of the set-up."""
    if line.get("event") == "cr3_written" and before.get("event") != "cr3_written":
        yield {**line, "event": "load_new_mm_cr3", "cr3": before["cr3"], "seq": 900}
    if line.get("event") == "switch_mm_irqs_off" and line.get("next_arg") == "efi_mm":
        entry = {**line, "event": "efi_enter_mm", "IF": 1, "active_mm": line["loaded_mm"], "seq": 901}
        yield {**entry, "active_mm_cpumask": line["loaded_mm_cpumask"]}
    if line.get("event") == "arch_efi_call_virt_teardown":
        yield {**line, "event": "efi_leave_mm"}
    elif line.get("event") != "arch_efi_call_virt_setup":
        yield line


def test_a_recording_with_other_events_is_read(tmp_path):
    """The same runs told by other events, as a compiler that inlines otherwise leaves them, match as well."""
    lines = lines_of("efi-6.12.107.jsonl.gz")
    told = [row for before, line in zip([{}, *lines], lines, strict=False) for row in older(line, before)]
    result = conform(written(tmp_path, told))
    assert (result.windows, result.rows, result.holds) == (3, 39, True)


def test_no_file_is_misuse(tmp_path):
    """A file that cannot be read is a ModelError."""
    with pytest.raises(ModelError, match="cannot be read"):
        conform(tmp_path / "nowhere.jsonl")


def test_the_command_counts(tmp_path, capsys):
    """`conform` prints the count last; its status is 0 when all rows match and 1 when one does not."""
    good = DATA / "efi-6.12.107.jsonl.gz"
    assert main(["conform", str(good)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "matched 33 of 33"
    lines = lines_of(good.name)
    lines[5] = {**lines[5], "IF": 1}
    assert main(["conform", str(written(tmp_path, lines)), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert 0 < told["matched"] < told["rows"]
