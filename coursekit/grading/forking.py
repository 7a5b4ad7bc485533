"""A warm process in a sandbox that forks one process a hand-in; for root alone.

Importing PyTorch takes seconds, and a hand-in that starts where it is imported needs none of them. The warm process
runs in a bubblewrap of its own and never runs a student's code. Each child, before it does, takes mount, process, IPC
and network namespaces of its own, empty folders, a user id that nobody else has, the limits and the filter of system
calls.
Without root this cannot be done; then every hand-in starts in a bubblewrap of its own.

:class:`ForkServer` is the grader's side, :func:`main` the warm process.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from coursekit.grading import wire

NEW_MOUNTS, NEW_IPC, NEW_PIDS, NEW_NETWORK = 0x00020000, 0x08000000, 0x20000000, 0x40000000
MOST_FILES = 20_000  # in each folder that can be written: the kernel's memory holds their names
PRIVATE, NO_SUID, NO_DEVICES, NO_EXEC = 1 << 18 | 1 << 14, 2, 4, 8
READ_ONLY, REMOUNT, BIND = 1, 32, 4096
SET_SECCOMP, SET_NO_NEW_PRIVILEGES, FILTER = 22, 38, 2


# The warm process -----------------------------------------------------------------------------------------------------


def main() -> None:
    """Import what hand-ins import, then fork on request until the grader hangs up."""
    number, settings = int(sys.argv[1]), json.loads(sys.argv[2])
    import torch

    from coursekit.grading import inside

    torch.ones(2, requires_grad=True).sum().backward()
    connection = socket.socket(fileno=number)
    connection.sendall(wire.pack({"ready": True}))
    waiting: dict[int, int] = {}  # the process that waits for a hand-in's, by the latter's id
    while True:
        sign, handed, _, _ = socket.recv_fds(connection, 1, 1)
        if not sign:
            return
        request = wire.receive(wire.reader(connection))
        connection.settimeout(None)
        if request["do"] == "fork":
            pid, waiter = _fork(connection, handed[0], request["uid"], settings, inside)
            os.close(handed[0])
            waiting[pid] = waiter
            reply = {"pid": pid}
        elif request["do"] == "import":
            for name in request["modules"]:
                with contextlib.suppress(Exception):  # some parts of libraries cannot be imported by themselves
                    importlib.import_module(name)
            reply = {}
        else:
            reply = {"code": _end(request["pid"], waiting.pop(request["pid"]), request["seconds"])}
        connection.sendall(wire.pack(reply))


def _end(pid: int, waiter: int, seconds: float) -> int:
    """The exit status of a hand-in's process, which is killed with all its children if it does not end by itself."""
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(waiter, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)  # the first process of its namespace: all others go with it
        time.sleep(0.005)


def _fork(connection: socket.socket, handed: int, uid: int, settings: dict[str, Any], inside: Any) -> tuple[int, int]:
    """Fork a process for one hand-in; gives its id, and that of the process that waits for it."""
    told, tell = os.pipe()
    waiter = os.fork()
    if waiter == 0:
        code = 1
        try:
            connection.close()
            os.close(told)
            code = _wait_for_child(tell, handed, uid, settings, inside)
        finally:
            os._exit(code)
    os.close(tell)
    with os.fdopen(told, "rb") as answer:
        pid = int(answer.read() or b"0")
    if not pid:
        raise OSError("no process for a hand-in could be forked")
    return pid, waiter


def _wait_for_child(tell: int, handed: int, uid: int, settings: dict[str, Any], inside: Any) -> int:
    _checked("unshare", NEW_MOUNTS | NEW_IPC | NEW_PIDS | NEW_NETWORK)
    child = os.fork()
    if child == 0:
        try:
            os.close(tell)
            _enter(handed, uid, settings, inside)
            inside.serve(socket.socket(fileno=handed))
        finally:
            os._exit(0)
    os.write(tell, str(child).encode())
    os.close(tell)
    os.close(handed)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


def _enter(handed: int, uid: int, settings: dict[str, Any], inside: Any) -> None:
    """Become a hand-in's process: own folders, own processes, own user, limits, filter."""
    from coursekit.grading import sandbox

    for folder in os.listdir("/proc/self/fd"):
        if int(folder) not in (0, 1, 2, handed):
            with contextlib.suppress(OSError):
                os.close(int(folder))
    os.setsid()
    _checked("mount", b"none", b"/", None, PRIVATE, None)
    options = f"size={settings['folder_bytes']},mode=1777,nr_inodes={MOST_FILES}".encode()
    os.umask(0o022)  # folders above a Python that is put back must be passable
    needed = sandbox.python_folders()
    for path in ("/dev/shm", "/tmp", sandbox.WORK):
        _cover(path, options, needed)
    terminals = b"newinstance,ptmxmode=0666,mode=620"
    _checked("mount", b"devpts", b"/dev/pts", b"devpts", NO_SUID | NO_EXEC, terminals)
    _checked("mount", b"proc", b"/proc", b"proc", NO_SUID | NO_DEVICES | NO_EXEC, None)
    os.chdir(sandbox.WORK)
    inside.limit({**settings, "uid": uid})
    _filter_calls(sandbox.seccomp_filter())


def _cover(folder: str, options: bytes, needed: list[Path]) -> None:
    """Put an empty folder over one that others write to; a Python that lies in it stays there, to be read."""
    held = [(str(path), os.open(path, os.O_PATH)) for path in needed if path.is_relative_to(folder) and path.exists()]
    _checked("mount", b"tmpfs", folder.encode(), b"tmpfs", NO_SUID | NO_DEVICES, options)
    for path, descriptor in held:
        os.makedirs(path, exist_ok=True)
        _checked("mount", f"/proc/self/fd/{descriptor}".encode(), path.encode(), None, BIND, None)
        _checked("mount", None, path.encode(), None, BIND | REMOUNT | READ_ONLY | NO_SUID | NO_DEVICES, None)
        os.close(descriptor)


def _checked(function: str, *arguments: Any) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, function)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{function}: {os.strerror(ctypes.get_errno())}")


def _filter_calls(program: bytes) -> None:
    """Put the filter of system calls on this process and all that it starts."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_char_p))

    _checked("prctl", SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if program:
        held = ctypes.create_string_buffer(program, len(program))
        given = Program(len(program) // 8, ctypes.cast(held, ctypes.c_char_p))
        _checked("prctl", SET_SECCOMP, FILTER, ctypes.byref(given), 0, 0)


# The grader's side ----------------------------------------------------------------------------------------------------


class Forked:
    """A hand-in's process, forked by a :class:`ForkServer`."""

    def __init__(self, server: ForkServer, pid: int):
        self._server, self._pid = server, pid
        self.returncode: int | None = None

    def wait(self, seconds: float = 0.0) -> int:
        """Its exit status; it is killed if it does not end in time."""
        if self.returncode is None:
            self.returncode = self._server.ask({"do": "end", "pid": self._pid, "seconds": float(seconds)})["code"]
        return self.returncode

    def kill(self) -> None:
        self.wait(0.0)

    def memory(self) -> int:
        """Bytes that the hand-in uses beyond the warm process."""
        return self._server.memory()


class ForkServer:
    """The warm process as the grader sees it.

    Args:
        process: the warm process.
        connection: to it.
    """

    def __init__(self, process: Any, connection: socket.socket):
        self._process, self._connection = process, connection
        self._count = 0
        if not wire.receive(wire.reader(connection, time.monotonic() + 120)).get("ready"):
            raise OSError("the warm process did not start")
        self._before = process.memory()

    def fork(self, uid: int) -> tuple[Forked, socket.socket]:
        """A new process for a hand-in, and the connection to it."""
        ours, theirs = socket.socketpair()
        with theirs:
            reply = self.ask({"do": "fork", "uid": uid}, [theirs.fileno()])
        return Forked(self, reply["pid"]), ours

    def ask(self, request: dict[str, Any], descriptors: list[int] | None = None) -> dict[str, Any]:
        """Ask the warm process, which runs our code alone and is believed."""
        self._connection.settimeout(60)
        socket.send_fds(self._connection, [b"?"], descriptors or [])
        self._connection.sendall(wire.pack(request))
        return wire.receive(wire.reader(self._connection, time.monotonic() + 60))

    def preload(self, modules: list[str]) -> None:
        """Import what hand-ins will import, so that none of them waits for it."""
        self.ask({"do": "import", "modules": modules})
        self._before = self._process.memory()

    def memory(self) -> int:
        """Bytes that the hand-in uses beyond the warm process."""
        return self._process.memory() - self._before

    def close(self) -> None:
        self._connection.close()
        self._process.kill()
