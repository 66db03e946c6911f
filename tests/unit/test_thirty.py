"""Appendix A's thirty lines answer as the package's plain search does, and are the lines that the appendix shows."""

from __future__ import annotations

import ast
import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempmm_lab import BUILDS, Model, ModelError, explore, thirty
from tempmm_lab.scenarios import STORIES
from tempmm_lab.smallmodels import increments, loose_increments, two_locks, two_phase_commit
from tempmm_lab.thirty import try_all, visit, way

ROOT = Path(__file__).resolve().parents[2]
APPENDIX = ROOT / "chapters" / "A-an-explorer-in-thirty-lines.ipynb"
PARTS = ("way", "visit", "shown", "try_all")
SMALL = [
    (name, build)
    for name in ("text_poke", "nested", "hw_breakpoints", "stale_alias", "nmi_in_window")
    for build in BUILDS
    if BUILDS[build].temporary_mms or not STORIES[name].temporary_mms
]
LARGE = [("shootdown", "v6.14"), ("lazy_tlb", "v6.16"), ("efi_call", "posted"), ("schedule_inside", "posted")]


def agree(model: Any) -> None:
    """Compare the answers of both: how many states, what is found, and how long the way to it is."""
    count, found = try_all(model)
    judge = explore(model, reduce=False)
    assert count == judge.states
    told = judge.counterexamples | judge.examples
    assert {name: len(actions) for name, actions in found.items()} == {name: len(told[name]) for name in told}


@pytest.mark.parametrize(("name", "build"), SMALL)
def test_agrees_on_scenarios(name: str, build: str) -> None:
    """On the smaller scenarios, on every build, thirty lines and the plain search say the same."""
    agree(STORIES[name](build=build))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "build"), LARGE)
def test_agrees_on_large_scenarios(name: str, build: str) -> None:
    """So they do on large ones, with a rule that is broken in many steps among them."""
    agree(STORIES[name](build=build))


@pytest.mark.parametrize(
    "model",
    [increments(1), increments(3), two_phase_commit(3), two_phase_commit(3, hears=False), two_locks("AB", "BA"),
     two_locks("AB", "AB"), loose_increments(2)],
)  # fmt: skip
def test_agrees_on_small_models(model: Model) -> None:
    """On the models of the appendix, too."""
    agree(model)


@given(st.lists(st.lists(st.integers(0, 11), max_size=3), min_size=12, max_size=12), st.sets(st.integers(0, 11)))
@settings(deadline=None)
def test_agrees_on_random_graphs(edges: list[list[int]], bad: set[int]) -> None:
    """Whatever leads where, both visit the same states and find equally short ways."""
    rules = {"not bad": lambda state: state not in bad}
    agree(Model([0], lambda state: edges[state], lambda _, after: after, rules, {"last": lambda state: state == 11}))


def test_the_published_counts() -> None:
    """13 states for two increments, 288 and 8,832 for two-phase commit: what Stateright's examples say."""
    assert try_all(increments(2)) == (13, {"adds up": (0, 1, 0, 1)})
    assert [try_all(two_phase_commit(managers))[0] for managers in (3, 5)] == [288, 8_832]


def test_a_way_leads_there() -> None:
    """Followed step by step, a way ends in the state that it is for."""
    model = two_phase_commit(3)
    *_, (parents, _, _) = visit(model)
    for state in parents:
        (here,) = model.first()
        for action in way(parents, state):
            here = model.step(here, action)
        assert here == state


def test_states_compared_too_loosely_hide_the_loss() -> None:
    """The wrong comparison leaves nine states and finds nothing, as the appendix says."""
    assert try_all(loose_increments(2)) == (9, {})


def test_a_lock_in_the_counter_leaves_nine_states() -> None:
    """The appendix's first exercise has the answer that it promises."""
    (start,) = increments(2).first()
    plain = increments(2)

    def guarded(state: Any) -> list[int]:
        return [n for n, (at, _) in enumerate(state[1:]) if at == "write"] or list(plain.actions(state))

    done = {"all done": lambda state: all(at == "done" for at, _ in state[1:])}
    count, found = try_all(Model([start], guarded, plain.step, plain.always, done))
    assert (count, set(found)) == (9, {"all done"})


@pytest.mark.parametrize("wrong", [lambda: increments("two"), lambda: two_phase_commit(-1), lambda: two_locks("AC")])  # type: ignore[arg-type]
def test_nonsense_is_refused(wrong: Any) -> None:
    """A number that is none, and a third lock, are told."""
    with pytest.raises(ModelError):
        wrong()


class Untyped(ast.NodeTransformer):
    """Takes types and docstrings out of a function."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Take a function's."""
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Take a variable's."""
        assert node.value is not None
        return ast.Assign([node.target], node.value, lineno=node.lineno)


def plain(text: str) -> dict[str, str]:
    """Give every function of a text, without types, by name."""
    body = Untyped().visit(ast.parse(text)).body
    return {each.name: ast.unparse(each) for each in body if isinstance(each, ast.FunctionDef)}


def test_the_appendix_has_the_same_lines() -> None:
    """The cells of the appendix define the functions of tempmm_lab/thirty.py, but for types and docstrings."""
    cells = json.loads(APPENDIX.read_text(encoding="utf-8"))["cells"]
    code = [plain("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
    shown = {name: text for functions in code for name, text in functions.items()}
    package = plain(inspect.getsource(thirty))
    package["try_all"] = package["try_all"].replace("dict[str, Way]()", "{}")
    assert {name: shown[name] for name in PARTS} == package
