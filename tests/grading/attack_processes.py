"""Attacks on time, processes, memory, disk and output."""

from __future__ import annotations

from tests.grading.attacks import ALL, in_cell, in_function

RIGHT = """
va = task_indices.facts["va"]
answer_indices = {"PML4": va >> 39 & 511, "PDPT": va >> 30 & 511, "PD": va >> 21 & 511, "PT": va >> 12 & 511,
                  "offset": va & 4095}
"""

in_cell("endless loop", "came to no end within", "while True: pass")
in_cell(
    "endless loop that swallows everything",
    "came to no end within",
    """
    while True:
        try:
            while True: pass
        except BaseException: pass
    """,
)
in_cell(
    "sleep with all signals blocked",
    "came to no end within",
    """
    import signal, time
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    time.sleep(1000)
    """,
)
in_cell("endless string of an error", "came to no end within", """
    class Sly(Exception):
        def __str__(self):
            while True: pass
    raise Sly
    """)  # fmt: skip
in_cell("reading from the terminal", "EOFError", "input()")
in_function("endless function", "came to no end within", "while True: pass")
in_function("endless function that swallows everything", "came to no end within", """
    while True:
        try:
            while True: pass
        except BaseException: pass
    """)  # fmt: skip
in_function(
    "function that recurs for ever", "calls itself without end", "return my_walk(memory, registers, va, access)"
)
in_function("function that ends Python", "ended Python (status 3)", "import os; os._exit(3)")
in_cell("os._exit", "ended Python (status 0)", "import os; os._exit(0)")
in_cell("sys.exit", "raised SystemExit", "import sys; sys.exit()")
in_cell("killing itself", "was killed", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
in_cell("killing everything", "ProcessLookupError", "import os\nos.kill(-1, 9)\nos.kill(os.getpid(), 9)")
in_cell("killing the process above", "was tried", """
    import os
    tried = []
    for pid in (1, os.getppid()):
        try: os.kill(pid, 9); tried.append(f"{pid} sent")
        except OSError as error: tried.append(type(error).__name__)
    raise RuntimeError(f"was tried: {tried}")
    """)  # fmt: skip
in_cell("reading address 0", "ended Python (SIGSEGV)", "import ctypes; ctypes.string_at(0)")
in_cell("endless recursion", "RecursionError", "def f(): return f()\nf()")
in_cell("fork bomb", "BlockingIOError", """
    import os, time
    while True:
        if os.fork() == 0: time.sleep(100)
    """)  # fmt: skip
in_cell("fork bomb in every child", "", """
    import os
    while True:
        try: os.fork()
        except OSError: pass
    """)  # fmt: skip
in_cell("thread bomb", "can't start new thread", """
    import threading, time
    while True: threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
    """)  # fmt: skip
in_cell("child that goes on", "went on", """
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True: time.sleep(0.01)
        os._exit(0)
    raise RuntimeError("a child went on")
    """)  # fmt: skip
in_cell("child that comes back from the cell", "", "import os\nos.fork()")
in_cell("shell", "FileNotFoundError", "import subprocess; subprocess.run(['/bin/sh', '-c', 'id'])")
in_cell("shell by os.system", "status 32512", "import os\nraise RuntimeError(f\"status {os.system('id')}\")")
in_cell("memory bomb", "MemoryError", "x = bytearray(1 << 40)")
in_cell("memory bomb in small pieces", "MemoryError", "x = []\nwhile True: x.append(bytearray(1 << 24))")
in_cell("memory bomb in children", "was killed", """
    import os
    for _ in range(4):
        if os.fork() == 0:
            x = []
            while True:
                try: x.append(bytearray(1 << 20))
                except MemoryError: os._exit(0)
    os.kill(os.getpid(), 9)
    """)  # fmt: skip
in_cell("memory file", "PermissionError", "import os; os.memfd_create('x')")
in_cell("System V memory", "shmget -1", """
    import ctypes
    raise RuntimeError(f"shmget {ctypes.CDLL(None).shmget(1, 1 << 30, 0o1666)}")
    """)  # fmt: skip
in_cell("disk filler", "No space left", """
    number = 0
    while True:
        with open(f"{number}", "wb") as file: file.write(bytes(1 << 20))
        number += 1
    """)  # fmt: skip
in_cell("one large file", "File too large", "open('x', 'wb').write(bytes(9 << 20))")
in_cell("writing anywhere else", "written: []", """
    import os
    written = []
    for top in ("/", "/lab", "/lab/tempmm_lab", "/usr/lib", "/dev", "/dev/shm", "/proc", "/etc", "/tmp", "/root"):
        try:
            open(top + "/planted", "w").write("x")
            written.append(top)
        except OSError: pass
    raise RuntimeError(f"written: {written}")
    """)  # fmt: skip
in_cell("print flood", "", RIGHT + "for _ in range(200): print('x' * 1_000_000)", ALL)
in_cell("flood on every file", "line", """
    import os
    for _ in range(100):
        for fd in range(64):
            try: os.write(fd, b"x" * 65536)
            except OSError: pass
    """)  # fmt: skip
in_cell("huge answer", "no answer needs more", "answer_indices = {'PML4': 'x' * 30_000_000}")
in_cell("huge number", "at most 64 bits", "answer_indices = {'PML4': 1 << 1_000_000}")
in_cell("huge error", "ValueError: xxx", "raise ValueError('x' * 50_000_000)")
in_cell("endless answer", "lists in lists", "answer_indices = []\nanswer_indices.append(answer_indices)")
