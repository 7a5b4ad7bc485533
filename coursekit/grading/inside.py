"""The process that holds a student's code: it runs cells and answers questions, one after the other, over one socket.

``python -m coursekit.grading.inside`` is started by :mod:`coursekit.grading.outside` with a socket and its limits.
Nothing that it says is believed: the code of a student runs in this very process and may change every line of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import sys
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from coursekit.grading import wire
from coursekit.grading.door import Student, StudentError
from coursekit.grading.limits import OutOfTime, TimeLimit
from coursekit.grading.recording import record, record_perturbed

MAX_OUTPUT = 1 << 20  # characters that one cell may show, pictures included
SHOWN = ("text/plain", "image/png", "image/jpeg")


def limit(limits: dict[str, Any]) -> None:
    """Change to the sandbox's own user and give everything up that a hand-in does not need, for good."""
    if limits.get("uid"):
        os.setgroups([])
        os.setresgid(*[limits["uid"]] * 3)
        os.setresuid(*[limits["uid"]] * 3)
    memory = limits["memory_bytes"]
    hard = {
        resource.RLIMIT_DATA: memory,
        resource.RLIMIT_AS: memory + (16 << 30),  # libraries are mapped, and cost nothing until they are used
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_NOFILE: limits["open_files"],
        resource.RLIMIT_CPU: limits["cpu_seconds"] + 2,
        resource.RLIMIT_CORE: 0,
    }
    if limits["sandboxed"]:  # outside of a sandbox all processes of the teacher would count
        hard[resource.RLIMIT_NPROC] = limits["processes"]
    for what, most in hard.items():
        _, before = resource.getrlimit(what)
        most = most if before == resource.RLIM_INFINITY else min(most, before)
        # Without a sandbox it is a matter of luck: macOS has limits that cannot be set.
        with contextlib.nullcontext() if limits["sandboxed"] else contextlib.suppress(ValueError, OSError):
            soft = limits["cpu_seconds"] if what == resource.RLIMIT_CPU else most  # its signal tells the grader why
            resource.setrlimit(what, (min(soft, most), most))


# Cells ----------------------------------------------------------------------------------------------------------------


class Outputs(list):
    """The outputs of a cell in nbformat's words, up to a size."""

    left = MAX_OUTPUT

    def show(self, kind: str, data: dict[str, Any]) -> None:
        kept = {mime: text for mime, text in data.items() if mime in SHOWN and isinstance(text, str)}
        size = sum(map(len, kept.values()))
        if kept and size <= self.left:
            self.left -= size
            self.append({"output_type": kind, "data": kept})

    def stream(self, name: str, text: str) -> None:
        kept = text[: self.left]
        self.left -= len(kept)
        if not kept:
            return
        if self and self[-1].get("name") == name:
            self[-1]["text"] += kept
        else:
            self.append({"output_type": "stream", "name": name, "text": kept})


class Stream:
    """``sys.stdout`` or ``sys.stderr`` of the cells."""

    encoding, errors, closed = "utf-8", "strict", False

    def __init__(self, name: str, shell: Shell):
        self.name, self._shell = name, shell

    def write(self, text: str) -> int:
        self._shell.shown.stream(self.name, str(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1 if self.name == "stdout" else 2


class Publisher(DisplayPublisher):
    """Pictures and whatever else is displayed."""

    def publish(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        self.shell.shown.show("display_data", _encoded(data))

    def clear_output(self, wait: bool = False) -> None:
        self.shell.shown.clear()


class Hook(DisplayHook):
    """The value of a cell's last line."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict[str, Any], md_dict: Any = None) -> None:
        self.shell.shown.show("execute_result", _encoded(format_dict))


def _encoded(data: dict[str, Any]) -> dict[str, Any]:
    """Pictures as text, as nbformat has them."""
    import base64

    return {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in data.items()}


class Shell(InteractiveShell):
    """IPython without a terminal: its outputs are kept as nbformat's."""

    def __init__(self, **settings: Any):
        self.shown = Outputs()
        super().__init__(**settings)

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        text = [str(line) for line in stb] if isinstance(stb, list) else [str(stb)]
        self.shown.append(
            {
                "output_type": "error",
                "ename": etype.__name__,
                "evalue": str(evalue)[:2000],
                "traceback": "\n".join(text)[:20_000].splitlines(),
            }
        )

    def enable_gui(self, gui: str | None = None) -> None:
        pass


def new_shell() -> Shell:
    """A shell with an empty namespace, as a kernel's is at its start."""
    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "NoColor"
    Shell.displayhook_class, Shell.display_pub_class = Hook, Publisher
    shell = Shell.instance(config=settings)
    for name in ("exit", "quit"):  # Python's own, which raise SystemExit
        shell.user_ns.pop(name, None)
    return shell


def run_cell(shell: Shell, source: str, seconds: float) -> list[dict[str, Any]]:
    """Run one cell as a notebook does, and give its outputs."""
    shell.shown = outputs = Outputs()
    try:
        with TimeLimit(seconds):
            shell.run_cell(source, store_history=True)
    except OutOfTime:
        pass
    except BaseException as error:  # a transformer of the student's, for instance, that raises what IPython lets pass
        outputs.append({"output_type": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": []})
    for output in outputs:
        if output.get("ename") == OutOfTime.__name__:
            output["ename"], output["evalue"] = "CellTimeoutError", f"the cell was stopped after {seconds:g} s"
            output["traceback"] = [f"CellTimeoutError: the cell was stopped after {seconds:g} s"]
    return list(outputs)


# Questions ------------------------------------------------------------------------------------------------------------


def answer(shell: Shell, request: dict[str, Any]) -> dict[str, Any]:
    """Do what the grader asks for."""
    seconds, namespace = request["seconds"], shell.user_ns
    if request["do"] == "cell":
        return {"outputs": run_cell(shell, request["source"], seconds)}
    if request["do"] == "visible":
        if "perturb" in request:
            return record_perturbed(request["source"], namespace, seconds, request["perturb"])
        return record(request["source"], namespace, seconds)
    student = Student(namespace, call_seconds=seconds, task_seconds=seconds)
    try:
        if request["do"] == "call":
            value = student.call(request["name"], *request["arguments"], **request["keywords"])
        else:
            value = student.run(request["snippet"], **request["inputs"])
    except StudentError as error:
        return {"error": str(error), "raised": list(error.raised), "kind": error.kind}
    return {"value": value}


def serve(connection: socket.socket) -> None:
    """Answer until the grader hangs up."""
    shell = new_shell()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    sys.stdout, sys.stderr = Stream("stdout", shell), Stream("stderr", shell)
    read = wire.reader(connection)
    connection.sendall(wire.pack({"ready": True}))
    while True:
        try:
            request = wire.receive(read)
        except EOFError:
            return
        number = request["number"]
        try:
            reply = wire.pack({"number": number, **answer(shell, request)})
        except (wire.WireError, MemoryError) as error:
            kind = "out of memory" if isinstance(error, MemoryError) else "failed"
            reply = wire.pack({"number": number, "error": f"your code returned {error}", "raised": [], "kind": kind})
        connection.settimeout(None)
        connection.sendall(reply)


def main() -> None:
    """Start: limits first, then the shell."""
    number, limits = int(sys.argv[1]), json.loads(sys.argv[2])
    limit(limits)
    os.set_inheritable(number, False)
    serve(socket.socket(fileno=number))


if __name__ == "__main__":
    main()
