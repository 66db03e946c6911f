"""Zip files whose bytes depend on what is in them and on nothing else: no dates, no order of a folder, no owner."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

DATE = (1980, 1, 1, 0, 0, 0)
"""The first one that a zip file can hold."""


def zipped(members: Mapping[str, bytes], onto: bytes = b"") -> bytes:
    """Give a zip file with these members, sorted by name; `onto` is one that they are added to.

    Two calls give the same bytes wherever the same zlib compresses them.
    """
    made = io.BytesIO(onto)
    with zipfile.ZipFile(made, "a" if onto else "w") as archive:
        for name, content in sorted(members.items()):
            archive.writestr(_info(name), content, compresslevel=9)
    return made.getvalue()


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, DATE)
    info.compress_type = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
    info.create_system = 3  # Unix, also where it is made on Windows: else the bytes would differ
    info.external_attr = 0o644 << 16
    return info
