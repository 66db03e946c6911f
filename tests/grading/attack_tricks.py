"""Attacks on the judge: forged data, objects that agree with everything, code that is changed from inside."""

from __future__ import annotations

from tests.grading.attacks import OWN, in_cell, in_function

in_cell("object that equals everything", "holds a Yes", """
    class Yes:
        def __eq__(self, other): return True
        def __hash__(self): return 0
    answer_indices = dict.fromkeys(("PML4", "PDPT", "PD", "PT", "offset"), Yes())
    """)  # fmt: skip
in_cell("number that is near everything", "holds a Near", """
    class Near(int):
        def __eq__(self, other): return True
        def __abs__(self): return 0
        __sub__ = __rsub__ = lambda self, other: self
        __lt__ = __gt__ = lambda self, other: True
        __hash__ = int.__hash__
    answer_indices = dict.fromkeys(("PML4", "PDPT", "PD", "PT", "offset"), Near(1))
    """)  # fmt: skip
in_cell("dictionary that is another", "holds a Sly", """
    class Sly(dict):
        def __getitem__(self, name): return 1
        def __contains__(self, name): return True
    answer_indices = Sly()
    """)  # fmt: skip
in_cell("text that is another", "holds a Word", """
    class Word(str):
        def __eq__(self, other): return True
        __hash__ = str.__hash__
    answer_indices = Word("x")
    """)  # fmt: skip
in_cell(
    "floats", "holds a float", "answer_indices = dict.fromkeys(('PML4', 'PDPT', 'PD', 'PT', 'offset'), float('nan'))"
)
in_cell("half a character", "a text is no text", "answer_indices = '\\ud800'")
in_cell("changed checker", "", """
    import tempmm_lab.assess.exercises.shapes as shapes
    import tempmm_lab.assess.exercises.exercise as exercises
    shapes.same = lambda one, other: True
    exercises.Exercise.judge = lambda *_, **__: exercises.Verdict(5, 5, {})
    shapes.plain = lambda value: {"PML4": "right", "points": 5, "of": 5}
    answer_indices = {"PML4": 1}
    """, 0)  # fmt: skip
in_cell("changed practice", "There is no answer_indices", """
    import tempmm_lab
    tempmm_lab.practise = practise = lambda *_, **__: 5
    """)  # fmt: skip
in_cell("changed builtins", "", """
    import builtins
    builtins.all = builtins.isinstance = lambda *_: True
    builtins.sorted = lambda *_, **__: []
    answer_indices = {"PML4": 1}
    """, 29)  # fmt: skip
in_cell("changed json", "", """
    import json
    before = json.dumps
    json.dumps = lambda value, **rest: before({"id": value.get("id", 0), "state": "given", "value": 5, "why": ""})
    """, 0)  # fmt: skip
in_cell("hooks on errors", "raised ZeroDivisionError", """
    import sys, traceback
    sys.excepthook = traceback.print_exc = traceback.extract_tb = lambda *_: 0
    sys.settrace(lambda *_: None)
    1 / 0
    """)  # fmt: skip
in_cell("error that is no error", "an error that cannot be told", """
    class Sly(BaseException):
        def __str__(self): raise self
    raise Sly
    """)  # fmt: skip
in_cell("forged lines", "wrote to the grader's line", """
    import json, os
    right = {"PML4": 1, "PDPT": 1, "PD": 1, "PT": 1, "offset": 1}
    for number in range(1, 20):
        line = json.dumps({"id": number, "state": "given", "value": right, "why": "", "points": 5}) + "\\n"
        for fd in range(3, 20):
            try: os.write(fd, line.encode())
            except OSError: pass
    """)  # fmt: skip
in_cell("forged results", "no answer_indices", """
    import json
    for name in ("results.json", "journal.jsonl", "results.csv", "feedback.html"):
        with open(name, "w") as file: json.dump({"points": 34, "of": 34, "status": "graded"}, file)
    """)  # fmt: skip
in_cell("pickled answer", "holds a bytes", """
    import pickle
    class Bomb:
        def __reduce__(self): return (print, ("unpickled",))
    answer_indices = pickle.dumps(Bomb())
    """)  # fmt: skip
in_cell("another variant", "", """
    import json
    with open("tempmm-seeds.json") as file: seeds = json.load(file)
    seeds["seeds"]["ch01-indices"] = 5
    with open("tempmm-seeds.json", "w") as file: json.dump(seeds, file)
    va = exercise("ch01-indices", 5).facts["va"]
    answer_indices = {"PML4": va >> 39 & 511, "PDPT": va >> 30 & 511, "PD": va >> 21 & 511, "PT": va >> 12 & 511,
                      "offset": va & 4095}
    """, OWN)  # fmt: skip
in_function("function that agrees with everything", "This one holds a Yes", """
    class Yes:
        def __eq__(self, other): return True
    return Yes()
    """)  # fmt: skip
in_function("function that looks for the right answer", "right in [], judges []", """
    import gc, sys
    frame, names = sys._getframe(), set()
    while frame is not None:
        names |= set(frame.f_locals)
        frame = frame.f_back
    words = [str(one) for one in gc.get_objects() if "keys.walks" in str(getattr(one, "__module__", ""))]
    raise RuntimeError(f"right in {sorted(names & {'right', 'case', 'cases', 'verdict', 'key'})}, judges {words[:3]}")
    """)  # fmt: skip
