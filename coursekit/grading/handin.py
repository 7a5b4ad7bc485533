"""Grading one hand-in as a function from files to JSON, wherever it runs."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from coursekit.grading import sandbox
from coursekit.grading.door import graders_directory
from coursekit.grading.forking import ForkServer
from coursekit.grading.intake import Intake, take_in
from coursekit.grading.outcomes import CellResult, as_json, by_task
from coursekit.grading.outside import Reference, Worker, crashed, grade_notebook, make_reference, warm_server
from coursekit.grading.sandbox import Limits


@dataclass(frozen=True)
class Graded:
    """What grading one hand-in gave.

    Attributes:
        record: JSON with the results of tasks and cells, the notes of the intake, and the seconds it took.
        outputs: source and outputs of each cell of the notebook.
    """

    record: dict[str, Any]
    outputs: list[tuple[str, list[NotebookNode]]]

    def fits(self, nb: NotebookNode) -> bool:
        """Whether these are the results of this notebook."""
        return [cell.source for cell in nb.cells] == [source for source, _ in self.outputs]

    def write(self, nb: NotebookNode) -> None:
        """Put the outputs into the notebook."""
        for cell, (_, outputs) in zip(nb.cells, self.outputs, strict=True):
            if cell.cell_type == "code":
                cell.outputs = [nbformat.from_dict(output) for output in outputs]


def starter(sandboxed: bool = True, limits: Mapping[str, Any] | None = None, course: str = "") -> Callable[[], Worker]:
    """A function that starts a process for a student's code: forked from a warm one where that can be.

    Args:
        sandboxed: whether in a sandbox.
        limits: those that differ from :class:`coursekit.grading.sandbox.Limits`.
        course: the folder that must not be seen inside.
    """
    return functools.partial(_start, sandboxed, tuple(sorted((limits or {}).items())), course)


def _start(sandboxed: bool, limits: tuple[tuple[str, Any], ...], course: str) -> Worker:
    settings, hide = Limits(**dict(limits)), (Path(course),) if course else ()
    if not (sandboxed and sandbox.as_root()):
        return Worker(settings, sandboxed=sandboxed, hide=hide)
    for _ in range(2):  # a warm process may be gone, by a lack of memory for instance: one more try
        try:
            return Worker(settings, hide=hide, server=_server(settings, hide))
        except (OSError, EOFError):
            _servers.pop((os.getpid(), settings, hide), None)
        except sandbox.SandboxError:  # this machine allows root less than what forking needs
            if server := _servers.get((os.getpid(), settings, hide)):
                server.close()
            _servers[os.getpid(), settings, hide] = None
    return Worker(settings, hide=hide)


_servers: dict[tuple[int, Limits, tuple[Path, ...]], ForkServer | None] = {}
_modules: list[str] = []


def _server(limits: Limits, hide: tuple[Path, ...]) -> ForkServer | None:
    """The warm process of this process of ours; one that was inherited by a fork is not ours."""
    key = (os.getpid(), limits, hide)
    if key not in _servers:
        _servers[key] = warm_server(limits, hide)
        if _modules and _servers[key] is not None:
            _servers[key].preload(_modules)
    return _servers[key]


def grade(
    nb: NotebookNode,
    reference: Reference,
    start: Callable[[], Worker],
    notes: Sequence[str] = (),
    problem: str = "",
) -> Graded:
    """Grade a settled notebook.

    Args:
        nb: the notebook; its outputs are replaced.
        reference: of the model solution.
        start: starts a process for the student's code.
        notes: of the intake.
        problem: why there is no hand-in; every task is then missing.

    Raises:
        GraderError: if a grader is broken.
    """
    began = time.monotonic()
    return _graded(nb, grade_notebook(nb, reference, start), notes, problem, began)


def without_points(nb: NotebookNode, notes: Sequence[str], problem: str, message: str) -> Graded:
    """The result of a notebook that cannot be run at all: every task has crashed, and ``message`` says how."""
    return _graded(nb, crashed(nb, message), notes, problem, time.monotonic())


def _graded(
    nb: NotebookNode, results: Sequence[CellResult], notes: Sequence[str], problem: str, began: float
) -> Graded:
    tasks = by_task(results)
    if problem:
        tasks = {task: {**result, "outcome": "missing"} for task, result in tasks.items()}
    record = {
        "points": round(sum(task["points"] for task in tasks.values()), 2),
        "max_points": sum(task["max_points"] for task in tasks.values()),
        "tasks": tasks,
        "cells": as_json(results),
        "notes": list(notes),
        "problem": problem,
        "seconds": round(time.monotonic() - began, 3),
    }
    return Graded(record, [(cell.source, list(cell.get("outputs", []))) for cell in nb.cells])


def grade_files(files: Mapping[str, bytes], name: str, release: NotebookNode, reference: Reference, start) -> Graded:
    """Grade one hand-in from the files that were handed in; see :func:`coursekit.grading.intake.take_in`."""
    taken: Intake = take_in(files, name, release)
    return grade(taken.notebook, reference, start, taken.notes, taken.problem)


def notebook_at(path: Path) -> NotebookNode:
    """A notebook of the teacher's, read once for each state of the file; nobody may change it."""
    return _read(str(path), path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _read(path: str, _changed: int) -> NotebookNode:
    return nbformat.read(path, as_version=4)


_references: dict[tuple[str, int], Reference] = {}


def reference_of(solution: Path, start: Callable[[], Worker]) -> Reference:
    """The reference of a model solution, made once a process for each state of the file."""
    key = (str(solution), solution.stat().st_mtime_ns)
    if key not in _references:
        _references[key] = reference = make_reference(notebook_at(solution), start)
        _modules[:] = reference.modules
        for (pid, *_), server in _servers.items():
            if pid == os.getpid() and server is not None:
                server.preload(_modules)
    return _references[key]


def save_record(folder: Path, assignment: str, student: str, record: Mapping[str, Any]) -> None:
    """Write a record to ``<folder>/<assignment>/<student>.json``, whole or not at all."""
    path = folder / assignment / f"{student}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(f".{os.getpid()}.part")
    written.write_text(json.dumps({"student": student, **record}, indent=1, ensure_ascii=False), encoding="utf-8")
    written.replace(path)


def stamp(files: Mapping[str, bytes], *others: Path, how: str = "") -> str:
    """A fingerprint of all that a result depends on: the files handed in, the teacher's, and how they are run."""
    digest = hashlib.sha256(how.encode())
    for name, content in sorted(files.items()):
        digest.update(name.encode("utf-8", "replace") + b"\0" + hashlib.sha256(content).digest())
    for path in others:
        digest.update(path.read_bytes() if path.is_file() else b"-")
    return digest.hexdigest()


def grader_path(assignment: str) -> Path:
    """The file of an assignment's hidden tests."""
    return graders_directory() / f"{assignment}.py"
