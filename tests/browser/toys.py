"""A notebook of toy widgets, built like the book's: sound ones, and one for each fault that the driver must notice."""

from __future__ import annotations

import json
from pathlib import Path

NAME = "toys.ipynb"

SETUP = '''
import html
import ipywidgets as w

def toy(name, *controls, inert=(), react=True, error=""):
    """A widget that draws the state of its controls and counts how often it was asked to."""
    view, alert = w.HTML().add_class("tmm-view"), w.HTML()
    count = 0

    def draw(change=None):
        nonlocal count
        if name == "raises" and change is not None:
            raise ValueError("planted")
        if change is not None and not react:
            return
        count += 1
        state = "; ".join(f"{c.description}={getattr(c, 'value', '')}" for c in controls)
        view.value = (f'<svg width="640" height="60" role="img"><title>Toy</title>'
                      f'<rect x="1" y="1" width="{60 + count % 2 * 60}" height="30" fill="none" stroke="currentColor"/>'
                      f'<text x="4" y="50" fill="currentColor">{count}: {html.escape(state)}</text></svg>')
        if change is not None and error:
            alert.value = f'<p role="alert">{error}</p>'

    for c in controls:
        c.on_click(draw) if isinstance(c, w.Button) else c.observe(draw, "value")
    draw()
    root = w.VBox([w.HBox([*controls, *inert], layout=w.Layout(flex_flow="row wrap")), view, alert])
    root.add_class("tmm-widget").add_class(f"tmm-{name}")
    return root
'''

SOUND = """
toy("sound", w.Button(description="Step"), w.Checkbox(description="NX"),
    w.Dropdown(options=["read", "write", "execute"], description="access"),
    w.ToggleButtons(options=["4K", "2M"], description="size"),
    w.RadioButtons(options=["user", "kernel"], description="mode"), w.Text("0x1000", description="address"))
"""

ONCE = """
def once(name):
    answer = w.RadioButtons(options=["allowed", "#PF"], index=None, description="I say")
    commit, outcome = w.Button(description="Commit"), w.HTML()
    outcome.add_class("tmm-view")

    def answered(_):
        answer.disabled = commit.disabled = True
        outcome.value = '<svg width="90" height="30"><title>Outcome</title><text y="20">#PF</text></svg>'

    commit.on_click(answered)
    return w.VBox([answer, commit, outcome]).add_class("tmm-widget").add_class(f"tmm-{name}")

once("once")
"""

# A picture of about the size of the book's.
LARGE = """
step, picture = w.Button(description="Step"), w.HTML()
picture.add_class("tmm-view")

def draw(_=None):
    draw.count += 1
    parts = []
    for place in range(80):
        x, y = place % 8 * 80, place // 8 * 30
        parts.append(f'<rect x="{x}" y="{y}" width="76" height="26" fill="none" stroke="currentColor"/>'
                     f'<text x="{x + 4}" y="{y + 18}" fill="currentColor">{(place + draw.count) * 0x1067:#x}</text>')
    picture.value = f'<svg width="640" height="300" role="img"><title>Large</title>{"".join(parts)}</svg>'

draw.count = 0
step.on_click(draw)
draw()
w.VBox([step, picture]).add_class("tmm-widget").add_class("tmm-large")
"""

FORGETFUL = """
step, picture = w.Button(description="Step"), w.HTML("<p>0</p>")
picture.add_class("tmm-view")
box = w.VBox([step, picture]).add_class("tmm-widget").add_class("tmm-forgetful")

def redo(_):  # draws its controls anew instead of changing them
    again = w.Button(description="Step")
    again.on_click(redo)
    picture.value += "!"
    box.children = [again, picture]

step.on_click(redo)
box
"""

# One cell each; the widget's name says what is wrong with it.
FAULTY = (
    'toy("deaf", w.Button(description="Step"), react=False)',
    'toy("half-deaf", w.Button(description="Step"), inert=[w.Checkbox(description="NX")])',
    'toy("raises", w.Button(description="Step"))',
    'toy("alerts", w.Button(description="Step"), error="Give an address.")',
    'toy("mouse-only", w.Button(description="Step"), w.Checkbox(description="NX", tabbable=False))',
    FORGETFUL,
)
FAULTY_PAGE = (
    'w.HTML(\'<img src="http://example.com/x.png" alt="from outside">\')',
    'w.HTML(\'<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" width="9" height="9">\')',
    "import IPython.display as d; d.HTML('<img src=\"data:image/gif;base64,R0lGODlhAQABAAAAACw=\">')",
    'w.HTML(\'<svg width="9" height="9"><rect width="9" height="9"/></svg>\')',
    "d.Javascript(\"console.error('planted')\")",
    'raise ValueError("planted")',
    '"never reached"',
)


SOURCES = [source.strip() for source in (SETUP, SOUND, ONCE, LARGE, *FAULTY, *FAULTY_PAGE)]


def write(folder: Path) -> Path:
    """Write the toys into `folder`."""
    return write_notebook(folder / NAME, SOURCES)


def write_notebook(path: Path, sources: list[str]) -> Path:
    """Write an unrun notebook of these code cells."""
    empty: dict[str, object] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    cells = [{**empty, "id": f"cell-{number}", "source": source} for number, source in enumerate(sources)]
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")
    return path
