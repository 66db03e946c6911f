"""The page that lies in a student's archive. WHEEL, NOTEBOOK, WHERE and STUDENT are filled in."""

from __future__ import annotations

PAGE = """\
Temporary address spaces: the book, and exercises for STUDENT

This is your own copy. The numbers in its tasks are yours alone: other students have others.


1. Install

You need Python 3.11 or newer, and the network for JupyterLab. Open a terminal in this folder and type

  on Linux and macOS:

    python3 -m venv .venv
    .venv/bin/python -m pip install "./WHEEL[lab]"

  on Windows:

    py -m venv .venv
    .venv\\Scripts\\python -m pip install ".\\WHEEL[lab]"


2. Open

    .venv/bin/tempmm-lab open                 (on Windows: .venv\\Scripts\\tempmm-lab open)

The book opens in JupyterLab. It is in the folder tempmm-book; the exercises are in tempmm-book/exercises.
The file tempmm-seeds.json chooses your tasks. Leave it in tempmm-book.

In each notebook of exercises write your answers into the cells that say "Your answer here", and save it.
This copy has no keys. Its cells that practise tell you whether an answer has the right form, and not whether it is
right: that is judged after you have handed it in.


3. Look it over

    .venv/bin/tempmm-lab check tempmm-book/exercises/NOTEBOOK.ipynb

This runs the notebook from top to bottom, as it will be run when it is marked, and names what is missing.


4. Hand in

Hand in the notebooks themselves, under the names that they have: the files that end in .ipynb, and nothing else.
WHERE


If something does not work, .venv/bin/tempmm-lab doctor says what is missing and what to type.

The code is under the MIT licence; text and pictures are by the tempmm-lab authors, under CC BY 4.0. Both licences are
inside the .whl file, which is a zip archive.
"""
