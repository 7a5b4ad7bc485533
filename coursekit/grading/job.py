"""Grading one hand-in as a function from JSON to JSON, for a machine that has nothing of the course but this package.

A job holds the files that were handed in, the two notebooks of the teacher and the hidden tests; see :func:`job_of`.
``python -m coursekit.grading.job`` reads jobs from its standard input, one a line, and answers each with a line: a
process of its own, so that time limits, which need a main thread, and limits of memory hold wherever it is started.
:class:`JobProcess` is such a process as its starter sees it. :mod:`coursekit.grading.cluster` starts them on a cluster.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import importlib.metadata
import json
import os
import queue
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat

from coursekit.grading.command import Course, grade_one
from coursekit.grading.door import GraderError
from coursekit.grading.handin import Graded, grader_path

IDLE_SECONDS = 300.0  # a process that gets no job for so long ends, and frees its memory
JOB_SECONDS = 1800.0  # all time limits of a hand-in end long before
SAID = 2000  # characters of a process's last words that an error repeats
PACKAGES = ("numpy", "torch", "nbformat", "ipython")  # what scores may depend on


class JobError(RuntimeError):
    """A hand-in was not graded, for a reason that is not its own."""


@functools.cache
def versions() -> dict[str, str]:
    """What must be the same wherever a class is graded: Python, this package (a fingerprint), and what it stands on."""
    digest, folder = hashlib.sha256(), Path(__file__).resolve().parents[1]
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}", "coursekit": digest.hexdigest()[:12]}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name).split("+")[0]  # torch names its build behind a +
        except importlib.metadata.PackageNotFoundError:
            found[name] = "none"
    return found


def differences(expected: Mapping[str, str], came: Mapping[str, str]) -> str:
    """What differs between two answers of :func:`versions`, in words; empty if nothing does."""
    return ", ".join(
        f"expected {name} {version}, found {came.get(name, 'none')}"
        for name, version in expected.items()
        if came.get(name) != version
    )


# Jobs and answers -----------------------------------------------------------------------------------------------------


def job_of(course: Course, files: Mapping[str, bytes]) -> dict[str, Any]:
    """The job of one hand-in: JSON with all that its result depends on."""
    teachers = {"release": course.release, "solution": course.solution, "grader": grader_path(course.name)}
    return {
        "name": course.name,
        "files": {name: _text(content) for name, content in files.items()},
        "course": {part: _text(path.read_bytes()) for part, path in teachers.items()},
        "sandboxed": course.sandboxed,
        "limits": course.limits,
        "versions": versions(),
    }


def run_job(job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Grade one hand-in.

    Args:
        job: of :func:`job_of`.
        folder: where the teacher's files are kept for the next job; nobody else should be able to read it.

    Returns:
        ``graded``: record and outputs; or ``error``: its type and message; or ``versions``, if this is not the place.
    """
    if differences(job["versions"], versions()):
        return {"versions": versions()}
    course = _course(job, folder)
    os.environ["COURSEKIT_GRADERS"] = str(course.root / "graders")
    try:
        graded = grade_one(course, {name: _bytes(content) for name, content in job["files"].items()})
    except Exception as error:  # whatever one hand-in does, the next one is graded
        return {"error": [type(error).__name__, str(error)]}
    return {"graded": asdict(graded)}


def graded_of(answer: Mapping[str, Any]) -> Graded:
    """The result in an answer of :func:`run_job`.

    Raises:
        GraderError: if a grader is broken.
        JobError: if the hand-in was not graded for another reason.
    """
    match answer:
        case {"graded": {"record": dict(record), "outputs": list(cells)}}:
            outputs = [(str(source), [nbformat.from_dict(output) for output in shown]) for source, shown in cells]
            return Graded(record, outputs)
        case {"error": ["GraderError", str(message)]}:
            raise GraderError(message)
        case {"error": [str(kind), str(message)]}:
            raise JobError(f"{kind}: {message}")
        case {"versions": dict(came)}:
            raise JobError(f"it came to a machine with other versions: {differences(versions(), came)}")
    raise JobError("an answer of no known form came back")


def _course(job: Mapping[str, Any], folder: Path) -> Course:
    """The teacher's files of a job in a folder of their own, which is made once."""
    name, parts = job["name"], {part: _bytes(content) for part, content in job["course"].items()}
    digest = hashlib.sha256(b"".join(hashlib.sha256(parts[part]).digest() for part in sorted(parts)))
    course = Course(folder / f"{name}-{digest.hexdigest()[:16]}", name, job["sandboxed"], job["limits"])
    places = {"release": course.release, "solution": course.solution, "grader": course.root / "graders" / f"{name}.py"}
    for part, path in places.items():
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(parts[part])
    return course


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


# A process for jobs ---------------------------------------------------------------------------------------------------


class JobProcess:
    """A process that runs jobs, one after the other. It ends when its starter ends, or after a while without a job."""

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the process)
        self._folder = tempfile.mkdtemp(prefix="coursekit-job-")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "coursekit.grading.job", self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def run(self, job: str, seconds: float = JOB_SECONDS) -> str:
        """Run a job, JSON on one line; gives the answer, JSON too.

        Raises:
            JobError: if the process ends before, or does not answer in time; it is gone then.
        """
        try:
            self._process.stdin.write(job.encode() + b"\n")
            self._process.stdin.flush()
            answer = self._line(time.monotonic() + seconds)
        except BrokenPipeError:
            answer = b""
        if not answer.endswith(b"\n"):
            how = "it did not answer in time" if self.alive() and not _ends(self._process, 1.0) else ""
            how = how or f"exit status {self._process.returncode}"
            said = self._said()
            self.close()
            raise JobError(f"the process that grades ended: {how}. {said}".strip())
        return answer.decode()

    def _line(self, deadline: float) -> bytes:
        """What it answers up to the end of the line, or up to its end or the deadline."""
        parts: list[bytes] = []
        descriptor = self._process.stdout.fileno()
        while not (parts and parts[-1].endswith(b"\n")):
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            part = os.read(descriptor, 1 << 20) if ready else b""
            if not part:
                break
            parts.append(part)
        return b"".join(parts)

    def _said(self) -> str:
        """Its last words."""
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - SAID))
        return self._log.read().decode(errors="replace").strip()

    def close(self) -> None:
        """End it, and leave nothing of it on the disk."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        if not _ends(self._process, 2.0):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _ends(process: subprocess.Popen, seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def main() -> None:
    """Run the jobs that come in on the standard input until it is closed, or none has come for a while."""
    folder = Path(sys.argv[1])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a grader prints is no answer
    versions()  # of the files as they are now, which were just loaded
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_read, args=(lines, folder), daemon=True).start()
    with contextlib.suppress(queue.Empty):
        while True:
            answer = run_job(json.loads(lines.get(timeout=IDLE_SECONDS)), folder)
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()
    shutil.rmtree(folder, ignore_errors=True)


def _read(lines: queue.Queue[bytes], folder: Path) -> None:
    """Pass lines on. When the starter is gone, nobody waits for the hand-in that is being graded, and all ends."""
    while line := sys.stdin.buffer.readline():
        lines.put(line)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main()
