"""The recordings that come with the package, by name."""

from __future__ import annotations

from importlib import resources

from tempmm_lab.recordings import Recording, load_recording


def shipped(name: str) -> Recording:
    """Give a recording that comes with the package, such as "efi-6.16.12"."""
    file = resources.files("tempmm_lab").joinpath("data", "recordings", f"{name}.jsonl.gz")
    with resources.as_file(file) as path:
        return load_recording(path)
