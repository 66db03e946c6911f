"""Looking for something in every byte of an archive, in whatever dress it may come."""

from __future__ import annotations

import base64
import codecs
import contextlib
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator

ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"


def everything(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Give a file and all that is in it, and in that, with what leads there; names and comments of members too."""
    yield name, content
    if content.startswith(ZIP):
        opened = zipfile.ZipFile(io.BytesIO(content))
        yield f"{name}: comment", opened.comment
        for info in opened.infolist():
            yield f"{name}: entry", info.filename.encode() + b"\n" + info.comment + b"\n" + info.extra
            yield from everything(f"{name}/{info.filename}", opened.read(info))
    elif content.startswith(GZIP):
        yield from everything(f"{name}: unpacked", gzip.decompress(content))


def dresses(what: bytes) -> dict[str, bytes]:
    """Give the forms in which bytes are looked for: as they are, in other encodings, backwards, and in Base64."""
    text = what.decode("latin-1")
    made = {
        "as it is": what,
        "backwards": what[::-1],
        "UTF-16": text.encode("utf-16-le"),
        "UTF-16, other order": text.encode("utf-16-be"),
        "UTF-32": text.encode("utf-32-le"),
        "hexadecimal": what.hex().encode(),
        "HEXADECIMAL": what.hex().upper().encode(),
        "rot13": codecs.encode(text, "rot13").encode("latin-1"),
        "\\x": "".join(f"\\x{byte:02x}" for byte in what).encode(),
        "numbers": ", ".join(map(str, what)).encode(),
    }
    for before in range(3):  # whatever stands before and after shifts the letters, so those at the ends are dropped
        letters = base64.b64encode(b"\0" * before + what)
        made[f"Base64, {before} before"] = letters[4 if before else 0 : len(letters) // 4 * 4 - 4]
    return made


def found_in(archive: bytes, wanted: dict[str, bytes]) -> list[str]:
    """Give where something of what is wanted is, and in which dress; each is looked for compressed, too."""
    forms = [(name, dress, form) for name, what in wanted.items() for dress, form in dresses(what).items()]
    return [
        f"{name}, {dress}, in {place}"
        for place, content in everything("archive", archive)
        for view in _views(content)
        for name, dress, form in forms
        if form in view
    ]


def _views(content: bytes) -> Iterator[bytes]:
    """Give a content, and what comes out of every stream of zlib that it holds in plain sight."""
    yield content
    for mark in (b"x\x01", b"x\x9c", b"x\xda"):
        place = content.find(mark)
        while place >= 0:
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj().decompress(content[place:], 1 << 20)
            place = content.find(mark, place + 1)
