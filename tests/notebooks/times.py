"""How long a chapter takes to read: an estimate by one formula, from what is in it.

Nobody has been timed. A word takes 1/180 of a minute; a code cell 20 seconds to read and run; a prediction a minute, to
think and to read what happened; a widget four minutes. The sum is rounded to five minutes. What stands under Exercises
and under Sources is not counted, and neither are the questions of the predictions, whose minute holds them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.browser.catalogue import WIDGETS
from tests.notebooks.pages import Page, prose, source

WORDS_A_MINUTE = 180
SECONDS = {"code cell": 20, "prediction": 60, "widget": 240}
STATED = re.compile(r"\bAbout (\d+) minutes\b(?: \(an estimate\))?")
_NAMES = sorted({name.replace("-", "_") for names in WIDGETS.values() for name in names} - {"predict"})
_WIDGET = re.compile(rf"(?<![\w.])(?:{'|'.join(_NAMES)})\(")


def counted(page: Page) -> dict[str, int]:
    """Give how many words, code cells, predictions and widgets a chapter has."""
    text = "\n".join(markdown for _, markdown in page.markdown()).partition("\n## Exercises")[0]
    code = [source(cell) for cell in page.cells if cell["cell_type"] == "code"]
    predictions = sum("predict(" in each for each in code)
    widgets = sum(bool(_WIDGET.search(each)) for each in code)
    words = len(re.findall(r"\w[\w'-]*", prose(text)))
    return {"word": words, "code cell": len(code) - predictions - widgets, "prediction": predictions, "widget": widgets}


def minutes(page: Page) -> int:
    """Give the estimate, rounded to five minutes and at least five."""
    count = counted(page)
    exact = count["word"] / WORDS_A_MINUTE + sum(count[each] * seconds for each, seconds in SECONDS.items()) / 60
    return max(5, 5 * round(exact / 5))


def planned(markdown: str, book: Mapping[str, Page]) -> str:
    """Give Markdown with the estimates in the rows of a plan: `| 3 | title | question | 40 |`."""

    def row(match: re.Match[str]) -> str:
        page = book.get(match[2].zfill(2) if match[2].isdecimal() else match[2])
        return f"{match[1]}{minutes(page)} |" if page is not None else match.group()

    return re.sub(r"^(\| (\d+|[A-Z]) \| [^|\n]* \| [^|\n]* \| )\d+ \|$", row, markdown, flags=re.MULTILINE)


def timed(page: Page) -> str:
    """Give the opening cell's Markdown with the estimate in it, where it states a time."""
    return STATED.sub(f"About {minutes(page)} minutes (an estimate)", page.markdown()[0][1], count=1)
