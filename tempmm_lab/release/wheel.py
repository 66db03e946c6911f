"""A wheel of this package without keys, judges and grader, made of the files of the package that is running."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

from tempmm_lab.book import reader_files
from tempmm_lab.errors import ModelError
from tempmm_lab.keyless import student_files
from tempmm_lab.release.zipped import zipped

NAME, FOLDER = "tempmm-lab", "tempmm_lab"
WHEEL = "Wheel-Version: 1.0\nGenerator: tempmm-lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
ABOUT = "A student's copy: the book and everything in it, without the keys to the exercises.\n"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel.

    Attributes:
        version: the package's own, and what tells this content from another, so that pip installs a newer copy over
            an older one.
    """

    name: str
    version: str
    content: bytes


def student_wheel() -> Wheel:
    """Give the wheel for students.

    Raises:
        ModelError: this package is not installed, or not completely.
    """
    installed = _installed()
    files = {f"{FOLDER}/{name}": path.read_bytes() for name, path in student_files()}
    files |= {f"{FOLDER}/_book/{_place(name)}": content for name, content in reader_files().items()}
    version = f"{installed.version}+student{_digest(files)}"
    about = f"{FOLDER}-{version}.dist-info"
    files |= {f"{about}/{name}": content for name, content in _about(installed, version).items()}
    record = f"{about}/RECORD"
    files[record] = "".join(
        [*map(_line, sorted(files), map(files.__getitem__, sorted(files))), f"{record},,\n"]
    ).encode()
    return Wheel(f"{FOLDER}-{version}-py3-none-any.whl", version, zipped(files))


def _installed() -> metadata.Distribution:
    try:
        return metadata.distribution(NAME)
    except metadata.PackageNotFoundError:
        raise ModelError("To make a wheel, this package must be installed. Type: python -m pip install .") from None


def _place(name: str) -> str:
    return name if "/" in name else f"chapters/{name}"


def _digest(files: Mapping[str, bytes]) -> str:
    """Give what tells this content from another."""
    said = hashlib.sha256()
    for name, content in sorted(files.items()):
        said.update(f"{name}\0{len(content)}\0".encode() + content)
    return said.hexdigest()[:8]


def _about(installed: metadata.Distribution, version: str) -> dict[str, bytes]:
    """Give the files that tell pip what this is: the installed package's own, with another version and description."""
    texts = {"METADATA": _metadata(installed.metadata, version), "WHEEL": WHEEL, "entry_points.txt": ""}
    texts["entry_points.txt"] = installed.read_text("entry_points.txt") or ""
    for name in installed.metadata.get_all("License-File") or ():
        texts[f"licenses/{name}"] = installed.read_text(f"licenses/{name}") or installed.read_text(name) or ""
    empty = [name for name, text in texts.items() if not text]
    if empty:
        raise ModelError(f"The installed package lacks {', '.join(empty)}. Install it again.")
    return {name: text.encode() for name, text in texts.items()}


def _metadata(said: metadata.PackageMetadata, version: str) -> str:
    left_out = ("Version", "Description-Content-Type", "Description")
    names = dict.fromkeys(name for name in said if name not in left_out)
    lines = [f"{name}: {value}" for name in names for value in said.get_all(name, [])]
    lines.insert(2, f"Version: {version}")  # after the format's version and the name
    return "\n".join([*lines, "Description-Content-Type: text/plain", "", ABOUT])


def _line(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode("ascii")
    return f"{name},sha256={digest},{len(content)}\n"
