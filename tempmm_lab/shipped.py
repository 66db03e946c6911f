"""The recordings that come with the package, by name."""

from __future__ import annotations

from importlib import resources
from pathlib import Path as FilePath

from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.recordings import Recording, load_recording

SHIPPED = ("text_poke-6.12.107", "efi-6.12.107", "text_poke-6.16.12", "efi-6.16.12", "pcid_pokes_bochs-6.16.12")
"""The recordings that come with the package: four under QEMU, and one with PCIDs in Bochs."""


def shipped(name: str) -> Recording:
    """Give a recording that comes with the package, such as "efi-6.16.12"."""
    file = resources.files("tempmm_lab").joinpath("data", "recordings", f"{name}.jsonl.gz")
    with resources.as_file(file) as path:
        return load_recording(path)


def recording_of(given: str | FilePath | Recording) -> Recording:
    """Give a recording by its short name (`SHIPPED` lists them), from a file, or as it is.

    Raises:
        ModelError: there is no such recording, or the file is none.
    """
    if isinstance(given, Recording):
        return given
    a_thing(given, str | FilePath, f"Give the name of a recording ({', '.join(SHIPPED)}), or a file.")
    if given in SHIPPED:
        return shipped(str(given))
    if not FilePath(given).is_file():
        raise ModelError(
            f"There is no recording {str(given)!r}; it cannot be read. The shipped ones are {', '.join(SHIPPED)}."
        )
    return load_recording(given)
