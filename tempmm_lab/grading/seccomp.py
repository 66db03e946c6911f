"""System calls that no exercise needs and that get around a limit, as a filter for bubblewrap.

Namespaces would give a student a file system without a size; memory files and System V memory hold what no limit on a
process counts; the others only make the kernel's surface smaller.
"""

from __future__ import annotations

import platform
import struct

EPERM, ENOSYS = 1, 38
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
AF_UNIX = 1
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # places in struct seccomp_data

REFUSED = {
    "x86_64": (
        29, 64, 68,  # shmget, semget, msgget
        101, 310, 311,  # ptrace, process_vm_readv, process_vm_writev
        154, 155, 165, 166, 272, 308,  # modify_ldt, pivot_root, mount, umount2, unshare, setns
        240, 248, 249, 250,  # mq_open, add_key, request_key, keyctl
        298, 300, 319, 321, 323,  # perf_event_open, fanotify_init, memfd_create, bpf, userfaultfd
        425, 426, 427, 428, 429, 430, 442, 447,  # io_uring_*, new mount calls, memfd_secret
    ),
    "aarch64": (
        194, 190, 186, 117, 270, 271, 41, 40, 39, 97, 268, 180, 217, 218, 219, 241, 262, 279, 280, 282,
        425, 426, 427, 428, 429, 430, 442, 447,
    ),
}  # fmt: skip
"""By machine: the numbers of the system calls, in the order of the first list's comments."""
SPECIAL = {"x86_64": (0xC000003E, 56, 435, 41), "aarch64": (0xC00000B7, 220, 435, 198)}
"""By machine: its number for the filter, then clone, clone3 and socket."""


def seccomp_filter(machine: str | None = None) -> bytes | None:
    """Give the filter as the kernel's struct sock_filter, one after another; None for a machine that is not known."""
    name = machine or platform.machine()
    if name not in SPECIAL:
        return None
    number, clone, clone3, socket = SPECIAL[name]
    lines = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, number), (RETURN, 0, 0, KILL), (LOAD, 0, 0, NUMBER)]
    lines += [(AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, ERRNO | ENOSYS)]  # x86's second set of numbers
    for refused in REFUSED[name]:
        lines += [(EQUAL, 0, 1, refused), (RETURN, 0, 0, ERRNO | EPERM)]
    lines += [(EQUAL, 0, 1, clone3), (RETURN, 0, 0, ERRNO | ENOSYS)]  # its flags are in memory; libc then uses clone
    lines += [(EQUAL, 0, 3, clone), (LOAD, 0, 0, FIRST_ARGUMENT), (ANY_BIT, 0, 1, NAMESPACES)]
    lines += [(RETURN, 0, 0, ERRNO | EPERM), (LOAD, 0, 0, NUMBER)]
    lines += [(EQUAL, 0, 3, socket), (LOAD, 0, 0, FIRST_ARGUMENT), (EQUAL, 1, 0, AF_UNIX)]
    lines += [(RETURN, 0, 0, ERRNO | EPERM), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
