"""Pictures are deterministic text with a title, a description and a twin that says the same."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from tempmm_lab import (
    Rights,
    context_switch,
    draw_cpu,
    draw_cr3,
    draw_entry,
    draw_rights,
    draw_tlb,
    draw_walk,
    load,
    load_snapshot,
    one_page,
    run,
    with_entry,
)
from tempmm_lab.asidplay import processes
from tempmm_lab.errors import ModelError
from tempmm_lab.tlbplay import full
from tempmm_lab.views.asids import draw_asids
from tempmm_lab.views.charts import Chart, chart
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.preemptcount import draw_preempt_count
from tempmm_lab.views.style import DARK, LIGHT
from tempmm_lab.views.switches import draw_switches
from tests.unit.linux_pictures import linux_pictures

GUEST = load_snapshot("user")
STALE = with_entry(run(one_page(caches_structures=True), 0, load, 0x7000)[0], 0x7000, frame=0xB7)
SVG = "{http://www.w3.org/2000/svg}"


def pictures() -> dict[str, Picture]:
    """Draw one of everything, and the ways it can end."""
    drawn = {f"walk {row.label}": draw_walk(GUEST.walk(row.va)) for row in GUEST.addresses[::5]}
    drawn |= {f"entry {level}": draw_entry(0x80000000026001A1, level) for level in ("PT", "PD", "PDPT", "PML4")}
    drawn |= {"entry absent": draw_entry(0x40FFFFFFCE80920), "cr3": draw_cr3(0x5C3B000)}
    drawn |= {
        "cr3 keep": draw_cr3(1 << 63 | 0x5C3B003, pcide=True),
        "tlb": draw_tlb(STALE),
        "full": draw_tlb(full().machine),
    }
    drawn |= {"empty": draw_tlb(one_page()), "cpu": draw_cpu(run(STALE, 0, load, 0x9000)[0])}
    drawn |= {"switches": draw_switches(tenants=True), "switches, untold": draw_switches(show=())}
    drawn |= {"count": draw_preempt_count(0xFFFFFF), "count 0": draw_preempt_count(0, need_resched=True)}
    drawn |= {"asids": draw_asids(processes(12)), "asids of users": draw_asids(context_switch().system())}
    return drawn | {"rights": draw_rights(GUEST.registers, Rights())} | linux_pictures()


PICTURES = pictures()
EVERY = pytest.mark.parametrize("name", PICTURES)


@EVERY
def test_a_picture_is_well_formed_and_says_what_it_is(name: str) -> None:
    """The SVG parses, is an image to assistive technology, and carries title and description."""
    root = ET.fromstring(PICTURES[name].svg)
    assert root.get("role") == "img"
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert root[0].text == PICTURES[name].title
    assert root[1].text == PICTURES[name].desc


def test_a_picture_is_the_same_text_each_time() -> None:
    """Drawing again gives the same bytes."""
    assert pictures() == PICTURES


@EVERY
def test_nothing_reaches_outside_its_frame(name: str) -> None:
    """Every text ends inside the picture, by the width of a monospace character."""
    root = ET.fromstring(PICTURES[name].svg)
    width = float(root.get("width") or 0)
    for text in root.iter(f"{SVG}text"):
        kind = (text.get("class") or "").split()
        size = 6.1 if "t" in kind else 6.7 if "s" in kind else 7.3 if "c" in kind else 8.5 if "h" in kind else 7.85
        long, x = len(text.text or "") * size, float(text.get("x") or 0)
        left = x - long if "end" in kind else x - long / 2 if "mid" in kind else x
        assert left >= -1, text.text
        assert left + long <= width + 1, text.text


@EVERY
def test_an_image_has_its_alternative_text(name: str) -> None:
    """As HTML a picture is an <img> whose alt says what it shows."""
    assert re.search(r'<img alt="[^"]{20,}" src="data:image/svg\+xml;base64,', PICTURES[name].html)


@EVERY
def test_the_twin_has_every_number_of_the_picture(name: str) -> None:
    """No address, entry or frame is in the picture alone."""
    root = ET.fromstring(PICTURES[name].svg)
    drawn = {
        int(word, 16) for text in root.iter(f"{SVG}text") for word in re.findall(r"0x[0-9a-f]{4,}", text.text or "")
    }
    told = {int(word, 16) for word in re.findall(r"0x[0-9a-f]+", PICTURES[name].text())}
    assert drawn <= told


PAIRS = ["fg bg", "muted bg", "fg soft", "muted soft", "bad bg", "bad badsoft", "fg badsoft", "ok soft", "onfg on"]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS)
def test_text_has_contrast(colours: dict[str, str], pair: str) -> None:
    """Every text colour on every ground it stands on reaches 4.5 to 1 (WCAG AA)."""
    ink, paper = pair.split()
    light, dark = sorted((luminance(colours[ink]), luminance(colours[paper])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Give the relative luminance of #rrggbb, by the WCAG formula."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_stale_is_said_in_words_and_in_colour() -> None:
    """A stale entry carries a cross, the word, and what the tables have now."""
    assert "✗ stale: frame 0xb7000" in draw_tlb(STALE).svg
    assert "STALE: the tables now say frame 0xb7000" in draw_tlb(STALE).text()


def test_without_memory_nothing_is_called_stale() -> None:
    """A CPU alone does not know its tables."""
    assert "stale:" not in draw_tlb(STALE.cpus[0]).svg


@pytest.mark.parametrize("draw", [draw_walk, draw_tlb, draw_cpu, draw_entry, draw_cr3])
@pytest.mark.parametrize("nonsense", [None, "x", -1, 1.5])
def test_nonsense_is_one_clear_error(draw: object, nonsense: object) -> None:
    """A picture of nothing is a ModelError that says what can be drawn."""
    with pytest.raises(ModelError):
        draw(nonsense)  # type: ignore[operator]


def test_a_chart_has_alternative_text_and_a_table() -> None:
    """A chart shows its numbers as text too, and its image has an alt."""
    bars = chart({"a": 1, "b": 30}, "Some numbers")
    assert 'alt="Some numbers, cases. b: 30, a: 1."' in bars._repr_mimebundle_()["text/html"]
    assert "b        30" in bars.text()


def test_without_matplotlib_a_chart_is_its_table() -> None:
    """Where there is no picture, the table says how to get one."""
    bare = Chart("Some numbers", "cases", {"a": 1.0}, None)
    assert "text/html" not in bare._repr_mimebundle_()
    assert "needs matplotlib" in bare.text()
