"""The `tempmm-lab` command.

Exit status: 0 holds, 1 broken (or a fault, for `walk`), 2 misuse, 3 not decided (stopped before the end).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tempmm_lab.commands import BROKEN, HOLDS, MISUSE, UNDECIDED, add_commands
from tempmm_lab.errors import ModelError
from tempmm_lab.homework import add_homework, add_teaching

WORKING_FOLDER = Path("tempmm-book")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
        sys.stdout.flush()
    except ModelError as error:
        print(f"tempmm-lab: {error}", file=sys.stderr)
        return MISUSE
    except KeyboardInterrupt:
        print("tempmm-lab: stopped before the end", file=sys.stderr)
        return UNDECIDED
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return HOLDS
    return status


def list_everything(chosen: argparse.Namespace) -> int:
    """Print one line per chapter, exercise, recorded guest, scenario, build and rule."""
    from tempmm_lab.commands import contents

    found = contents()
    if chosen.json:
        print(json.dumps(found))
        return HOLDS
    for heading, rows in found.items():
        print(f"{heading}:")
        width = max(map(len, rows))
        for name, about in rows.items():
            print(f"  {name:{width}}  {about}")
    return HOLDS


def copy(chosen: argparse.Namespace) -> int:
    """Copy the chapters and exercises into a folder, keeping whatever the reader changed there."""
    from tempmm_lab.book import copy_book

    print("\n".join(copy_book(chosen.folder)))
    return HOLDS


def open_book(chosen: argparse.Namespace) -> int:
    """Copy the book to the working folder and start JupyterLab there."""
    from tempmm_lab.book import chapters, copy_book, find_chapter
    from tempmm_lab.jupyter import check_installed, start_jupyterlab

    check_installed()
    folder = chosen.dir or WORKING_FOLDER
    chapter = find_chapter(chosen.chapter) if chosen.chapter else chapters()[0]
    news = [line for line in copy_book(folder) if not line.endswith(": up to date")]
    print("\n".join(news), end="\n" if news else "")
    start_jupyterlab(folder, chapter.path.name, browser=not chosen.no_browser, port=chosen.port)
    return HOLDS


def walk(chosen: argparse.Namespace) -> int:
    """Print the page-table walk of one address of a recorded guest: 0 when it is mapped, 1 when it faults."""
    from tempmm_lab.snapshots import load_snapshot
    from tempmm_lab.views.walk import draw_walk

    changes = {} if chosen.cpl is None else {"cpl": chosen.cpl}
    done = load_snapshot(chosen.snapshot).walk(chosen.address, chosen.access, **changes)
    print(draw_walk(done).text())
    return HOLDS if done.fault is None else BROKEN


def forget(chosen: argparse.Namespace) -> int:
    """Delete the predictions kept in the working folder: the one given, else `tempmm-book`, else where you are."""
    from tempmm_lab.assess.answers import forget as forget_predictions

    folder = chosen.dir or (WORKING_FOLDER if WORKING_FOLDER.is_dir() else Path())
    there = forget_predictions(folder)
    print(f"Predictions deleted in {folder.resolve()}" if there else f"No predictions are kept in {folder.resolve()}")
    return HOLDS


def doctor(_: argparse.Namespace) -> int:
    """Print what is there and what is missing: 0 when the book can be read here, else 1."""
    from tempmm_lab.doctor import examine

    status = HOLDS
    for finding in examine():
        print(finding, flush=True)
        status = BROKEN if finding.mark == "!!" else status
    return status


def _parser() -> argparse.ArgumentParser:
    """Give the parser; each command carries the function that runs it."""
    parser = argparse.ArgumentParser(prog="tempmm-lab", description="Temporary address spaces: the book's command.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(run: object, name: str, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    what = "list the chapters, exercises, recorded guests, scenarios, builds and rules"
    listed = command(list_everything, "list", what)
    listed.add_argument("--json", action="store_true", help="print JSON instead of text")
    opened = command(open_book, "open", "open the book, or one chapter of it, in JupyterLab")
    opened.add_argument("chapter", nargs="?", help="a number such as 3, a letter such as A, or the beginning of a name")
    opened.add_argument("--no-browser", action="store_true", help="only print the address")
    opened.add_argument("--port", type=int, help="the port to listen on (default: the first free one from 8888)")
    _with_folder(opened)
    copied = command(copy, "copy", "copy the chapters and exercises into a folder; what you changed is kept")
    copied.add_argument("folder", type=Path, metavar="DIR")
    walked = command(walk, "walk", "walk the page tables of a recorded guest")
    walked.add_argument("snapshot", help="a name from `tempmm-lab list`, or a file")
    walked.add_argument("address", metavar="VA", help="hexadecimal, or a name in the snapshot")
    walked.add_argument("--access", choices=("read", "write", "execute"), default="read")
    walked.add_argument("--cpl", type=int, choices=range(4), help="the privilege level (default: as recorded)")
    _with_folder(command(forget, "forget", "delete the predictions that were kept"))
    add_commands(command)
    add_homework(command)
    add_teaching(command)
    command(doctor, "doctor", "say what is installed, what is missing, and what to do about it")
    return parser


def _with_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", type=Path, help=f"your working folder (default: {WORKING_FOLDER})")
