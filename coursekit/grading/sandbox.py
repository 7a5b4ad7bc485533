"""The box that a student's code runs in: bubblewrap's command line, and what may be seen, used and called inside.

Pure functions, but for :func:`missing`, which asks this machine. Inside there is the system and the environment of
Python (read-only), the course kit, and three small empty folders; no network, no other process, nothing of the course.
As root the code drops to a user id that nobody has; otherwise it gets a user namespace. Limits are set, and the user
is changed, in :mod:`coursekit.grading.inside`, before any student's code runs.
"""

from __future__ import annotations

import functools
import os
import platform
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coursekit.grading.limits import CALL_SECONDS, TASK_SECONDS

INSTALL = (
    "Grading runs the code of students in a sandbox, and that needs bubblewrap on Linux: "
    "install it (Debian and Ubuntu: apt-get install bubblewrap). "
    "Without it, their code has your rights: grade with --no-sandbox only hand-ins that you trust."
)
FIRST_UID = 1_600_000_000  # the ids above belong to nobody; each running sandbox has its own
MIB = 1 << 20
WORK, KIT = "/sandbox/work", "/sandbox/kit"  # inside


@dataclass(frozen=True)
class Limits:
    """What one hand-in may use."""

    memory_bytes: int = 2048 * MIB  # of all its processes together
    processes: int = 64  # threads count, too
    file_bytes: int = 64 * MIB  # the largest file
    folder_bytes: int = 128 * MIB  # each of its three folders, which are in memory
    open_files: int = 256
    cpu_seconds: int = 300  # of one process
    # Twice what a student's own machine gives: several hand-ins run at a time, and nobody may fail for that.
    call_seconds: float = 2 * CALL_SECONDS  # one call of a student's function
    task_seconds: float = 2 * TASK_SECONDS  # all calls of one test cell
    cell_seconds: float = 30.0  # one cell of the student's
    notebook_seconds: float = 300.0  # everything, on the clock on the wall


class SandboxError(RuntimeError):
    """There is no sandbox on this machine, or it did not start."""


@functools.cache
def missing() -> str:
    """Why there is no sandbox here, in a sentence; empty if there is one."""
    if not sys.platform.startswith("linux"):
        return INSTALL
    if shutil.which("bwrap") is None:
        return f"bwrap was not found. {INSTALL}"
    tried = subprocess.run([*box(), "--", "/bin/true"], capture_output=True, text=True, check=False, env={})
    if tried.returncode == 0:
        return ""
    return (
        f"bubblewrap is installed, but does not work here: {tried.stderr.strip()[:200]}. "
        "It needs user namespaces (Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0), or root."
    )


def as_root() -> bool:
    """Whether the sandbox is started by root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


@functools.cache
def _knows(option: str) -> bool:
    return option in subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=False).stdout


def box(
    visible: Sequence[Path] = (),
    hide: Sequence[Path] = (),
    files: Sequence[tuple[Path, str]] = (),
    size: int = 1 << 20,
    forks: bool = False,
) -> list[str]:
    """The command line of an empty box, up to the program that it runs.

    Args:
        visible: folders that can be read inside, under their own names, on top of the system's.
        hide: folders that must not be seen, should they lie in one that is visible.
        files: more files and folders to be read, and their names inside.
        size: bytes of each of the folders that can be written.
        forks: whether it holds a warm process that makes namespaces for its children; for root alone.
    """
    command = ["bwrap", "--die-with-parent", "--new-session"]
    command += ["--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if as_root():
        command += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        command += ["--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_KILL"] if forks else []
    else:
        command += ["--unshare-user", *(["--disable-userns"] if _knows("--disable-userns") else [])]
    command += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        top = Path("/") / name
        if top.is_symlink():
            command += ["--symlink", os.readlink(top), str(top)]
        elif top.is_dir():
            command += ["--ro-bind", str(top), str(top)]
    for name in ("ld.so.cache", "alternatives", "fonts", "localtime"):
        command += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    # The folders that can be written come first: an environment that lies in /tmp is put on top.
    command += ["--proc", "/proc", "--dev", "/dev"]
    for folder in ("/dev/shm", "/tmp", WORK):
        command += ["--size", str(size), "--perms", "1777", "--tmpfs", folder]
    hidden = [path.resolve() for path in hide]
    shown = [(path, path.resolve()) for path in visible]
    for name, real in sorted(shown, key=lambda pair: len(pair[0].parts)):
        if name.is_relative_to("/usr") and real.is_relative_to("/usr"):
            continue
        command += [*_parents(name), "--ro-bind", str(real), str(name)]
    for path in hidden:  # a course that lies in a visible folder is covered; what must be seen in it comes back on top
        if any(path.is_relative_to(real) for _, real in [*shown, (Path(), Path("/usr"))]):
            command += ["--tmpfs", str(path)]
            inner = [(name, real) for name, real in shown if real.is_relative_to(path)]
            command += [word for name, real in inner for word in ("--ro-bind", str(real), str(name))]
    for path, name in files:
        if name.startswith("/tmp/"):
            command += ["--perms", "1777", "--dir", str(Path(name).parent)]
        command += _parents(Path(name))
        command += ["--ro-bind", str(path), name]
    return [*command, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORK]


def _parents(path: Path) -> list[str]:
    """The folders above a path, made so that every user can pass; left alone where they are there."""
    above = [parent for parent in reversed(path.parents) if parent != Path("/")]
    return [word for parent in above for word in ("--perms", "0755", "--dir", str(parent))]


def python_folders() -> list[Path]:
    """The folders that this Python needs: its own, and its environment's."""
    return sorted({Path(sys.base_prefix), Path(sys.base_exec_prefix), Path(sys.prefix), *_real_interpreter()})


def _real_interpreter() -> list[Path]:
    """Where ``sys.executable`` leads to, should that be outside of the prefixes."""
    real = Path(sys.executable).resolve().parent.parent
    return [] if real.is_relative_to("/usr") or real == Path("/") else [real]


def environment(sandboxed: bool, kit: Path) -> dict[str, str]:
    """The environment of a student's process: nothing of the teacher's."""
    home = WORK if sandboxed else os.environ.get("TMPDIR", "/tmp")
    variables = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "HOME": home,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "PYTHONPATH": KIT if sandboxed else str(kit),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "NBGRADER_EXECUTION": "autograde",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "IPYTHONDIR": "/tmp/ipython" if sandboxed else f"{home}/coursekit-ipython",
    }
    return variables | ({"MPLCONFIGDIR": "/tmp/matplotlib"} if sandboxed else {})


# System calls ---------------------------------------------------------------------------------------------------------

# What no exercise needs and attacks on a kernel do: by architecture, the numbers of the system calls.
FORBIDDEN = {
    "ptrace": (101, 117),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "setns": (308, 268),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "open_by_handle_at": (304, 265),
    "io_uring_setup": (425, 425),
    "memfd_create": (319, 279),  # files in memory that count nowhere
    "memfd_secret": (447, 447),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
}
ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
CLONE, UNSHARE, CLONE3 = (56, 220), (272, 97), (435, 435)
NAMESPACES = 0x7E020080  # every CLONE_NEW… flag


def seccomp_filter(machine: str = "") -> bytes:
    """A program for the kernel's filter of system calls; empty on an architecture that is not known.

    New namespaces and the calls of :data:`FORBIDDEN` give ``EPERM``. ``clone3`` gives ``ENOSYS``: its flags cannot be
    looked at, and the C library then takes ``clone``.
    """
    found = ARCHITECTURES.get(machine or platform.machine())
    if found is None:
        return b""
    audit, column = found
    allow, eperm, enosys = 0x7FFF0000, 0x00050001, 0x00050000 | 38

    def line(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("=HBBI", code, yes, no, value)

    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    program = [line(load, 4), line(equal, audit, 1, 0), line(give, eperm)]  # another architecture
    program += [line(load, 0)]
    if column == 0:
        program += [line(at_least, 0x40000000, 0, 1), line(give, eperm)]  # x32
    program += [line(equal, CLONE3[column], 0, 1), line(give, enosys)]
    for numbers in FORBIDDEN.values():
        program += [line(equal, numbers[column], 0, 1), line(give, eperm)]
    for numbers in (CLONE, UNSHARE):
        program += [line(equal, numbers[column], 0, 4), line(load, 16), line(any_bit, NAMESPACES, 0, 1)]
        program += [line(give, eperm), line(give, allow)]
    return b"".join([*program, line(give, allow)])
