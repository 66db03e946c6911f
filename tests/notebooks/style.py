"""Rules of the book's prose that a program can hold, and the words it uses.

Usage:
    python -m tests.notebooks.style      write tests/notebooks/words.txt: read what changed before you commit it
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.notebooks.pages import Page, pages, prose

WORDS = Path(__file__).parent / "words.txt"
RULES = {
    "a contraction": r"(?i)\b(?:\w+n['\u2019]t|(?:i|you|we|they)['\u2019](?:re|ve|ll|d|m)"
    r"|(?:it|that|there|here|what|who|let|he|she|where|how)['\u2019]s)\b",
    "a word that tells a reader how hard something is": r"(?i)\b(?:simply|(?<!has )(?<!had )(?<!have )just|easy|easily"
    r"|trivial(?:ly)?|obvious(?:ly)?|of course|clearly)\b",
    "praise": r"(?i)\b(?:powerful|interesting(?:ly)?|amazing|seamless(?:ly)?|elegant(?:ly)?|robustly|cutting[- ]edge"
    r"|state[- ]of[- ]the[- ]art|blazing(?:ly)?|leverage[sd]?)\b",
    "an exclamation mark": r"(?<=[\w)\"'])!(?=\s|$)",
    "American spelling": r"(?i)\b(?:colors?|colored|behaviors?|centers?|gray|favorite|catalog|analyze[sd]?|labeled"
    r"|canceled|model(?:ing|ed)|defense|(?!(?:cap|re|over)?(?:size|prize|seize))\w{3,}iz(?:es?|ed|ing|ations?))\b",
}
"""What the book's prose does without. Code, and what stands in quotation marks, is not looked at."""


def faults(page: Page) -> Iterator[str]:
    """Say where a page's prose breaks a rule."""
    for cell, markdown in page.markdown():
        text = re.sub(r"\"[^\"\n]*\"|“[^”\n]*”", "", prose(markdown))
        for name, pattern in RULES.items():
            for match in re.finditer(pattern, text):
                yield f"{cell}: {name}: …{text[max(0, match.start() - 30) : match.end() + 20]!r}…"


def words(page: Page) -> set[str]:
    """Give the words of a page's prose: small, but for those with capitals inside, such as names."""
    text = prose(" ".join(markdown for _, markdown in page.markdown()))
    found = re.findall(r"(?<!\w)[^\W\d_](?:[\w'\u2019]*[^\W_])?", text)
    kept = (
        word.removesuffix("'s").removesuffix("\u2019s") for word in found if not any(sign.isdigit() for sign in word)
    )
    return {word if word[1:] != word[1:].lower() else word.lower() for word in kept}


def every_word() -> list[str]:
    """Give all words of the book, in order."""
    return sorted({word for page in pages() for word in words(page)}, key=lambda word: (word.lower(), word))


def main() -> None:
    """Write the list of words, and print what is new in it."""
    old = WORDS.read_text(encoding="utf-8").split() if WORDS.exists() else []
    new = every_word()
    WORDS.write_text("\n".join(new) + "\n", encoding="utf-8", newline="\n")
    sys.stdout.write(f"{len(new)} words. New: {' '.join(word for word in new if word not in set(old))}\n")


if __name__ == "__main__":
    main()
