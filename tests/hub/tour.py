"""A browser goes through a course on the hub once, as students and as teacher, and looks at each step.

Usage:
    python -m tests.hub.tour      what `make hub-tour` runs

It makes a course of its own in build/hub-tour, starts the hub over it, prints a table of the steps, and ends with 0
only if each held. What it saw is in build/hub-tour/shots.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import tests.browser.page as shots
from tests.browser.driver import Browser, missing
from tests.browser.page import Page
from tests.hub.checks import (
    CHAPTER,
    FOLDER,
    NAME,
    RIGHT,
    WRONG,
    Failed,
    TourHub,
    expect,
    is_root,
    marked,
    squeezed,
    variant,
)
from tests.hub.course import SOLUTIONS
from tests.hub.people import Person, fetch, keep, press, row, said, save, solution, submit, type_into, write_into

WRONG_ANSWER = 'answer_order = ["A", "B", "C", "D", "E", "F", "G", "H"]'
WORDS, SENTENCE = "ch01-corrupt-words", "The entry is not present, so its other bits are Linux's own."
HAND, COMMENT = 2, "True. What would you look at to be sure?"
OWN_NUMBERS = f"""
from tempmm_lab import exercise
task_indices = exercise("{RIGHT}")
{solution(SOLUTIONS / f"{NAME}.ipynb", f"{RIGHT}-answer")}
print(answer_indices)
"""
PROBE = """
import os
from pathlib import Path
hub = Path({hub!r})
for path in ("homes", "homes/teacher/course-secret", "hub", "users.json", "homes/ada"):
    print(path, (hub / path).exists())
print("passwords", "TEMPMM_HUB_RUN" in os.environ)
print("homes here", sorted(os.listdir("/students")))
try:
    print("inbound", os.listdir(hub / "exchange/tempmm/inbound"))
except PermissionError:
    print("inbound closed")
print("processes", sum(name.isdigit() for name in os.listdir("/proc")) < 12)
"""
"""What a student's own code sees of the others."""


def shot(page: Page, name: str) -> None:
    """Keep what the window shows."""
    shots.SHOTS = FOLDER / "shots"
    page.screenshot(name)


def main() -> int:
    """Go through all of it, and give 0 only if each step held."""
    reason = missing()
    if reason:
        print(reason, file=sys.stderr)
        return 2
    tour = Tour()
    try:
        tour.go()
    except Failed as error:
        print(f"\n{error}")
    print("\n".join(tour.table()))
    return 0 if tour.complete else 1


class Tour:
    """The steps, in order. Each adds its row, with its seconds, once it has held."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, str]] = []
        self.complete = False

    @contextmanager
    def step(self, what: str) -> Iterator[Callable[[str], None]]:
        """Time a step; what goes wrong in it ends the tour."""
        start, notes = time.monotonic(), list[str]()
        print(f"{what} ...", flush=True)
        try:
            yield notes.append
        except Exception as error:
            self.rows.append((what, time.monotonic() - start, "DID NOT HOLD"))
            raise Failed(f"{what}: {type(error).__name__}: {error}") from error
        self.rows.append((what, time.monotonic() - start, "; ".join(notes)))

    def table(self) -> list[str]:
        """Give the rows as text."""
        lines = ["", f"{'seconds':>7}  step"]
        for what, seconds, note in self.rows:
            lines.append(f"{seconds:7.1f}  {what}" + (f": {note}" if note else ""))
        total = sum(seconds for _, seconds, _ in self.rows)
        return [*lines, f"{total:7.1f}  {'every step held' if self.complete else 'the tour ended early'}"]

    def go(self) -> None:
        """Start a hub, and go through it."""
        with self.step("a course is made and the hub answers"):
            hub = TourHub()
        try:
            with Browser() as browser:
                ada, ben, teacher = (Person(browser, hub.address, name) for name in ("ada", "ben", "teacher"))
                numbers = self.student_hands_in(ada, hub.passwords)
                self.other_student(ben, hub.passwords, numbers)
                self.teacher_marks(teacher, hub.passwords)
                self.student_reads(ada)
        finally:
            with self.step("the hub stops, with all that it started"):
                hub.stop()
        self.complete = True

    def student_hands_in(self, ada: Person, passwords: dict[str, str]) -> str:
        """Let a student fetch, answer and submit; give the numbers of the right answer."""
        with self.step("ada logs in; another password does not let her in"):
            expect(ada.log_in_fails(passwords["teacher"]), "the teacher's password let ada in")
            lab = ada.log_in(passwords["ada"])
            entries = ada.menu_entries(lab)
            expect("Formgrader" not in entries, f"a student's menu has {entries}")
            shot(lab, "01-lab")
        with self.step("ada fetches the assignment"):
            fetch(ada, lab)
            shot(lab, "02-fetched")
        with self.step("ada opens it and runs it: the task is her own variant") as note:
            notebook = ada.notebook(f"{CHAPTER}/{NAME}.ipynb")
            notebook.run_all()
            expect(variant("ada").text in said(notebook, f"{RIGHT}-task"), said(notebook, f"{RIGHT}-task"))
            note(f"number {variant('ada').seed}")
        with self.step("ada types one right answer, one wrong one and a sentence, and practises") as note:
            numbers = ada.run_code(lab, f"import os; os.chdir({CHAPTER!r})\n" + OWN_NUMBERS)
            type_into(notebook, f"{RIGHT}-answer", f"answer_indices = {numbers}")
            type_into(notebook, f"{WRONG}-answer", WRONG_ANSWER)
            write_into(notebook, WORDS, SENTENCE)
            notebook.run_all()
            expect(not notebook.outputs_with_errors(), str(notebook.outputs_with_errors()))
            note(f"practice gives {said(notebook, RIGHT)[-1]} and {said(notebook, WRONG)[-1]} points")
            notebook.run("() => document.querySelectorAll('.jp-Cell')[4].scrollIntoView()")
            shot(notebook, "03-answered")
            save(notebook)
        with self.step("ada submits"):
            submit(ada, lab)
            shot(lab, "04-submitted")
        return numbers

    def other_student(self, ben: Person, passwords: dict[str, str], numbers: str) -> None:
        """Let another student copy the first one's numbers."""
        with self.step("ben logs in and fetches: his variant is another") as note:
            lab = ben.log_in(passwords["ben"])
            fetch(ben, lab)
            notebook = ben.notebook(f"{CHAPTER}/{NAME}.ipynb")
            notebook.run_all()
            expect(variant("ben").text in said(notebook, f"{RIGHT}-task"), said(notebook, f"{RIGHT}-task"))
            expect(variant("ben").text != variant("ada").text, "both have one variant")
            note(f"number {variant('ben').seed}")
        with self.step("ben's code sees neither the secret nor ada's work"):
            seen = ben.run_code(lab, PROBE.format(hub=str(FOLDER)))
            expect("True" not in seen.replace("processes True", "") and "homes here ['ben']" in seen, seen)
            expect("processes True" in seen and ("inbound closed" in seen or not is_root()), seen)
        with self.step("ben types ada's numbers, and submits") as note:
            type_into(notebook, f"{RIGHT}-answer", f"answer_indices = {numbers}")
            notebook.run_all()
            note(f"practice gives {said(notebook, RIGHT)[-1]} points")
            save(notebook)
            submit(ben, lab)

    def teacher_marks(self, teacher: Person, passwords: dict[str, str]) -> None:
        """Let the teacher collect, autograde, and release feedback, all in the formgrader."""
        with self.step("the teacher logs in and opens the formgrader"):
            lab = teacher.log_in(passwords["teacher"])
            teacher.menu(lab, "Formgrader")
            lab.page.frame_locator("#formgrader-iframe iframe").get_by_text(CHAPTER, exact=True).wait_for()
            shot(lab, "05-formgrader")
            page = teacher.open(f"{teacher.server}formgrader")
        with self.step("the teacher collects what was handed in"):
            press(page, CHAPTER, ".collect")
            expect(row(page, CHAPTER).locator(".num-submissions").inner_text() == "2", row(page, CHAPTER).inner_text())
        page.goto(f"{teacher.server}formgrader/manage_submissions/{CHAPTER}")
        for name in ("ada", "ben"):
            with self.step(f"the teacher autogrades {name}'s: the mark is our grader's") as note:
                press(page, name, ".autograde")
                result = marked(name)
                score = row(page, name).locator(".score").inner_text()
                most = result["of"] + sum(one["of"] for one in result["by_hand"])
                expect(score == f"{result['points']} / {most}", f"{score}, ours {result['points']} of {most}")
                note(score)
        shot(page, "06-marks")
        with self.step(f"the teacher reads ada's sentence and gives {HAND} points and a comment") as note:
            page.goto(f"{teacher.server}formgrader/manage_students/ada/{CHAPTER}")
            page.page.get_by_role("link", name=NAME).click()
            page.page.get_by_text(SENTENCE).wait_for()
            page.page.wait_for_selector(f"input#{WORDS}.needs_manual_grade")  # its marks have been loaded
            keep(page, f"input#{WORDS}", str(HAND))
            keep(page, f"textarea#{WORDS}-comment", COMMENT)
            shot(page, "07-by-hand")
            page.goto(f"{teacher.server}formgrader/manage_submissions/{CHAPTER}")
            score = row(page, "ada").locator(".score").inner_text()
            expect(score.startswith(f"{marked('ada')['points'] + HAND} / "), score)
            note(score)
        with self.step("the teacher makes feedback and releases it"):
            page.goto(f"{teacher.server}formgrader/manage_assignments")
            press(page, CHAPTER, ".generate-feedback")
            press(page, CHAPTER, ".release-feedback")
            page.goto(f"{teacher.server}formgrader/gradebook")
            page.page.get_by_text(CHAPTER, exact=True).wait_for()
            shot(page, "08-gradebook")

    def student_reads(self, ada: Person) -> None:
        """Let the student fetch the feedback and open it."""
        lab = ada.pages[0]
        with self.step("ada fetches her feedback"):
            lab.page.locator("#refresh_assignments_list").click()
            ada.listed(lab, "submitted").get_by_text("Fetch Feedback").click()
            ada.listed(lab, "submitted").get_by_text("(view feedback)").wait_for()
            shot(lab, "09-feedback-fetched")
        with self.step("ada opens it: it has her points and says why") as note:
            ada.listed(lab, "submitted").get_by_text("(view feedback)").click()
            lab.page.locator(".jp-DirListing-item", has_text=".html").dblclick()
            body = lab.page.frame_locator(".jp-HTMLViewer iframe").locator("body")
            body.get_by_text("Score", exact=False).first.wait_for()
            text, result = squeezed(body.inner_text()), marked("ada")
            told = [squeezed(message) for one in result["exercises"] for message in one["messages"]]
            expect(told and all(message in text for message in told), f"not told: {told}\nbut: {text[:3000]}")
            expect(f"Score: {result['points'] + HAND}.0 / " in text, text[:500])
            expect(COMMENT in text, f"the comment is not there: {text[-1500:]}")
            note(f"{result['points'] + HAND} points, {len(told)} reasons, the comment")
            shot(lab, "10-feedback")
            body.get_by_text(f'practise("{WRONG}"', exact=False).first.scroll_into_view_if_needed()
            shot(lab, "11-reasons")


if __name__ == "__main__":
    sys.exit(main())
