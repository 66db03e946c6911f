"""Attacks that look for what is not theirs: keys, the secret, others' work, the machine, the network."""

from __future__ import annotations

from tests.grading.attacks import in_cell

LOOK = """
import os
NAMES = ("tempmm", "secret", "grade", "journal", "ipynb", "planted", "keys")
open("planted", "wb").write(MARKS[0])  # that the search finds what is there
found, files = [], 0
for top, folders, names in os.walk("/"):
    folders[:] = [one for one in folders if one != "proc" and (top != "/usr/lib" or one.startswith("python"))]
    for name in names:
        if not top.startswith(("/lab", "/scratch", "/etc")) and not any(word in name for word in NAMES): continue
        try:
            with open(os.path.join(top, name), "rb") as file: text = file.read(2_000_000)
        except OSError: continue
        files += 1
        found += [name for mark in MARKS if mark in text]
raise RuntimeError(f"looked, found {found}, enough {files > 200}")
"""
MARKS = ("planted-in-the-secret", "planted-in-anna", "as in 32-bit paging. An entry has 8 bytes")
"""What the test puts into the course's secret and into another's notebook, and a piece of the keys of chapter 1."""

in_cell(
    "search of the whole file system",
    "looked, found ['planted'], enough True",
    "MARKS = [word.encode() for word in (" + ", ".join(f"{one[:8]!r} + {one[8:]!r}" for one in MARKS) + ")]\n" + LOOK,
)
in_cell("import of the keys", "ModuleNotFoundError", "import tempmm_lab.assess.exercises.keys.ch01")
in_cell("import of the grader", "ModuleNotFoundError", "import tempmm_lab.grading.marking")
in_cell("asking for the key", "has no keys", "answer_indices = task_indices.exercise.key(task_indices.variant.seed)")
in_cell("asking for a verdict", "has no keys", "task_indices.exercise.judge(task_indices.variant, {})")
in_cell("other processes", "sees []", """
    import os
    seen = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try: seen.append(open(f"/proc/{pid}/cmdline", "rb").read())
        except OSError: pass
    raise RuntimeError(f"sees {[one for one in seen if b'worker.py' not in one]}")
    """)  # fmt: skip
in_cell("the grader's environment", "['HOME', 'LANG', 'LC_CTYPE', 'PATH', 'PWD']", """
    import os
    raise RuntimeError(f"{sorted(set(os.environ) | {'LC_CTYPE'})}")
    """)  # fmt: skip
in_cell("the environment of the process above", "planted there: False", """
    from pathlib import Path
    seen = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        try: seen.append(file.read_bytes())
        except OSError: pass
    raise RuntimeError(f"planted there: {b'planted-in-the' + b'-environment' in b''.join(seen)}")
    """)  # fmt: skip
in_cell("the submissions", "FileNotFoundError", "import os; os.listdir('/tmp')")
in_cell("devices and logs", "opened []", """
    opened = []
    for name in ("/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/proc/kcore", "/proc/kmsg", "/etc/shadow",
                 "/etc/passwd", "/proc/1/mem", "/proc/1/root/etc/passwd", "/var/log/syslog"):
        try: opened.append((name, open(name, "rb").read(10)))
        except OSError: pass
    raise RuntimeError(f"opened {opened}")
    """)  # fmt: skip
in_cell("network", "reached []", """
    import socket, urllib.request
    reached = []
    for family, where in ((socket.AF_INET, ("127.0.0.1", 22)), (socket.AF_INET, ("8.8.8.8", 53)),
                          (socket.AF_INET6, ("::1", 22)), (socket.AF_UNIX, "\\0planted-by-the-test"),
                          (socket.AF_UNIX, "/run/dbus/system_bus_socket")):
        try:
            with socket.socket(family) as one: one.settimeout(1); one.connect(where)
            reached.append(where)
        except OSError: pass
    try: urllib.request.urlopen("http://127.0.0.1/", timeout=1); reached.append("http")
    except OSError: pass
    raise RuntimeError(f"reached {reached}")
    """)  # fmt: skip
in_cell("other kinds of socket", "got []", """
    import socket
    got = []
    for family in (2, 10, 16, 17, 38, 40):
        for kind in (1, 2, 3):
            try: socket.socket(family, kind); got.append((family, kind))
            except OSError: pass
    raise RuntimeError(f"got {got}")
    """)  # fmt: skip
in_cell("becoming root", "became []", """
    import os
    became = []
    for call, who in ((os.setuid, 0), (os.setgid, 0), (os.setuid, 65534), (os.chroot, "/lab")):
        try: call(who); became.append(call.__name__)
        except OSError: pass
    raise RuntimeError(f"became {became}")
    """)  # fmt: skip
in_cell("namespaces and mounts", "[-1, -1, -1, -1, -1]", """
    import ctypes
    libc = ctypes.CDLL(None)
    tried = [libc.unshare(0x10000000), libc.unshare(0x20000), libc.mount(b"tmpfs", b"/scratch", b"tmpfs", 0, None),
             libc.ptrace(16, 1, 0, 0), libc.syscall(56, 0x10000011, 0, 0, 0, 0)]
    raise RuntimeError(f"{tried}")
    """)  # fmt: skip
in_cell("raising the limits", "raised []", """
    import resource
    raised = []
    for name in ("RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_NOFILE"):
        try: resource.setrlimit(getattr(resource, name), (-1, -1)); raised.append(name)
        except (OSError, ValueError): pass
    raise RuntimeError(f"raised {raised}")
    """)  # fmt: skip
in_cell("links out of the scratch folder", "read []", """
    import os
    read = []
    for place in ("/etc/passwd", "/work", "/home", "/tmp", "../..", "/proc/1/root", "/proc/self/cwd/../.."):
        os.symlink(place, "link")
        try: read.append(os.listdir("link") if place != "../.." and "cwd" not in place else [])
        except OSError: pass
        os.unlink("link")
    raise RuntimeError(f"read {[one for one in read if one and 'lab' not in one]}")
    """)  # fmt: skip
