"""Which text stands on which ground in a picture, and how well it can be read: from the picture's own styles."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from tempmm_lab.views.style import DARK, LIGHT
from tests.notebooks.pages import Page

LOOKS = {"light": LIGHT, "dark": DARK}
SVG = "{http://www.w3.org/2000/svg}"
EMBEDDED = re.compile(r'src="data:image/svg\+xml;base64,([^"]+)"')
Rules = list[tuple[str, dict[str, str]]]
Box = tuple[float, float, float, float, str]


@dataclass(frozen=True)
class Pair:
    """Text in one colour on a ground of another; colours are names of the style, or #rrggbb."""

    ink: str
    ground: str
    words: str

    def contrast(self, look: str) -> float:
        """Give the contrast by the WCAG formula, from 1 to 21."""
        light, dark = sorted((luminance(_colour(one, look)) for one in (self.ink, self.ground)), reverse=True)
        return (light + 0.05) / (dark + 0.05)


def pictures(page: Page) -> Iterator[tuple[str, str]]:
    """Give (cell, SVG) of every picture that a page's cells show."""
    for cell in page.cells:
        for output in cell.get("outputs", []):
            for data in EMBEDDED.findall("".join(output.get("data", {}).get("text/html", ""))):
                yield cell["id"], base64.b64decode(data).decode()


def pairs(svg: str) -> list[Pair]:
    """Give every text of a drawing with what it stands on: the last filled box drawn before it, else the background."""
    root = ET.fromstring(svg)
    rules = _rules("".join(style.text or "" for style in root.iter(f"{SVG}style")))
    boxes: list[Box] = []
    found: list[Pair] = []
    _look(root, (0.0, 0.0), rules, boxes, found)
    return found


def luminance(colour: str) -> float:
    """Give the relative luminance of #rrggbb, by the WCAG formula."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _colour(name: str, look: str) -> str:
    return LOOKS[look].get(name, name)


def _rules(css: str) -> Rules:
    """Give (what follows `.tmm `, declarations) of each rule of the pictures' own, in order."""
    found: Rules = []
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\}", "", css)):
        declared = dict(part.split(":", 1) for part in body.split(";") if ":" in part and not part.startswith("--"))
        found += [(each.strip().removeprefix(".tmm").strip(), declared) for each in selector.split(",")]
    return found


def _style(element: ET.Element, rules: Rules, name: str) -> str | None:
    """Give a property of an element. A rule for a class is stronger than one for a kind of element."""
    kind = element.tag.removeprefix(SVG)
    classes = {f".{each}" for each in element.get("class", "").split()}
    inline = dict(part.strip().split(":", 1) for part in element.get("style", "").split(";") if ":" in part)
    by_class = [declared[name] for where, declared in rules if where in classes and name in declared]
    by_kind = [declared[name] for where, declared in rules if where == kind and name in declared]
    return next(
        (value for value in (inline.get(name), *by_class[::-1], *by_kind[::-1], element.get(name)) if value), None
    )


def _look(element: ET.Element, at: tuple[float, float], rules: Rules, boxes: list[Box], found: list[Pair]) -> None:
    moved = re.match(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)", element.get("transform", ""))
    at = (at[0] + float(moved[1]), at[1] + float(moved[2])) if moved else at
    fill = _name(_style(element, rules, "fill"))
    if element.tag == f"{SVG}rect" and fill and element.get("fill-opacity") != "0":
        x, y, width, height = (float(element.get(key) or 0) for key in ("x", "y", "width", "height"))
        boxes.append((at[0] + x, at[1] + y, at[0] + x + width, at[1] + y + height, fill))
    if element.tag == f"{SVG}text" and (words := "".join(element.itertext()).strip()):
        x, y = _middle(element, words, rules)
        under = [box[4] for box in boxes if box[0] <= at[0] + x <= box[2] and box[1] <= at[1] + y <= box[3]]
        found.append(Pair(fill or "#000000", under[-1] if under else "bg", words))
    for child in element:
        _look(child, at, rules, boxes, found)


def _middle(text: ET.Element, words: str, rules: Rules) -> tuple[float, float]:
    """Give a point in the middle of a text."""
    width = 7.85 * len(words) * float((_style(text, rules, "font-size") or "13px").removesuffix("px")) / 13
    shift = {"middle": 0.0, "end": -width / 2}.get(_style(text, rules, "text-anchor") or "", width / 2)
    return float(text.get("x") or 0) + shift, float(text.get("y") or 0) - 4


def _name(fill: str | None) -> str:
    """Give a colour's name in the style, its #rrggbb, or nothing for no fill."""
    if fill is None or fill in {"none", "transparent"}:
        return ""
    variable = re.fullmatch(r"var\(--(\w+)\)", fill)
    return variable[1] if variable else fill
