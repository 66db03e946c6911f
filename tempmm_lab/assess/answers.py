"""The reader's predictions, in one plain file in the working folder: theirs to read and to delete.

`TEMPMM_LAB_ANSWERS=right|wrong|skip` answers every question by itself and writes nothing; the committed notebooks
are made with `right`.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from tempmm_lab.errors import ModelError, one_of

FILE = "predictions.json"
VERSION = 1
SKIPPED = -1
MODES = ("right", "wrong", "skip")


def automatic() -> str | None:
    """Give how questions are to answer themselves: "right", "wrong", "skip", or None to ask the reader."""
    wanted = os.environ.get("TEMPMM_LAB_ANSWERS", "")
    return one_of(wanted, MODES, "TEMPMM_LAB_ANSWERS") if wanted else None


def kept(folder: Path | None = None) -> dict[str, int]:
    """Give the kept answers, `{question id: number of the choice, or -1 for skipped}`.

    A file that cannot be read counts as empty here, and `keep` will not overwrite it.
    """
    try:
        return _read(_path(folder))
    except ModelError:
        return {}


def keep(question: str, choice: int, folder: Path | None = None) -> None:
    """Keep one answer. The file is replaced as a whole, so it is never left half written.

    Raises:
        ModelError: the file is there and is not ours, or the folder cannot be written.
    """
    path = _path(folder)
    answers = {**_read(path), question: choice}
    text = json.dumps({"version": VERSION, "answers": answers}, indent=1, sort_keys=True) + "\n"
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False, encoding="utf-8") as file:
            file.write(text)
        Path(file.name).replace(path)
    except OSError as error:
        msg = f"Your answer could not be kept in {path.name}: {error.strerror}. It still counts on this page."
        raise ModelError(msg) from None


def forget(folder: Path | None = None) -> bool:
    """Delete the kept predictions. Says whether there were any."""
    path = _path(folder)
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def _path(folder: Path | None) -> Path:
    return (folder or Path.cwd()) / FILE


def _read(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        answers = data["answers"]
        if data["version"] != VERSION or not all(isinstance(choice, int) for choice in answers.values()):
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        msg = (
            f"{path.name} is not a file of predictions, so it is left alone. Rename or delete it to keep answers again."
        )
        raise ModelError(msg) from None
    return dict(answers)
