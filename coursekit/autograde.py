"""nbgrader's autograding, made to survive what students hand in; `nbgrader_config.py` puts these steps in.

What plain nbgrader 0.9.6 does, and what happens here instead:

==============================================  ===================================  ===============================
hand-in                                         nbgrader                             with these steps
==============================================  ===================================  ===============================
a test cell is there twice                      the whole batch ends                 the last one counts
a test cell stands before its solution          0 points                             it is moved to the end
a test cell is gone                             no score, or an error if the         it is put back at the end
                                                cell before it is gone, too
nbgrader's metadata is gone or old              no score, or the batch ends          as if all test cells were gone
student code reads files, or the hidden tests   it can                               it runs in a sandbox without them
student code changes the tests or the numbers   it gets the points                   every judgement is made outside
student code kills the kernel, or hangs in C    no score for the whole hand-in       0 for the cells that did it
the teacher's own grader is broken              0 points, silently                   no score, and a loud error
==============================================  ===================================  ===============================

Only a teacher's machine needs this module: it imports nbgrader, which the kit does not ask for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.converters.autograde import Autograde
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Bool, Dict, Unicode

from coursekit.grading import GraderError
from coursekit.grading.handin import Graded, grade, notebook_at, reference_of, save_record, starter
from coursekit.grading.intake import disarm, known_metadata, settle

__all__ = ["GradeOutside", "SaveRecord", "SettleCells", "autograde_steps", "sanitize_steps"]

SCHEMA = 3  # of nbgrader's cell metadata


class SettleCells(NbGraderPreprocessor):
    """Give a hand-in exactly the graded cells that were released, whatever became of their metadata."""

    trusted = Bool(False, help="Whether the hand-ins come from the course kit's own intake.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Settle the cells of one hand-in, by the cells that the gradebook knows.

        Args:
            nb: the notebook; changed in place.
            resources: nbgrader's, with the address of the gradebook and the names of assignment and notebook.
        """
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook:
            released = _released_cells(gradebook.find_notebook(about["notebook"], about["assignment"]))
        before = nb.metadata.pop("coursekit-intake", {}) if self.trusted else {}
        nb.metadata = nbformat.from_dict(known_metadata(nb.metadata))
        notes = [*before.get("notes", []), *settle(nb, released)]
        for note in notes:
            self.log.warning("%s: %s", about["student"], note)
        nb.metadata["coursekit"] = {"notes": notes, "problem": before.get("problem", "")}
        return nb, resources


def _released_cells(notebook: Any) -> dict[str, dict[str, Any]]:
    """The released cells by their id: source, type and nbgrader metadata. ``notebook`` is the gradebook's record."""
    graded = {cell.name: cell for cell in notebook.grade_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    cells = {}
    for cell in notebook.source_cells:
        meta = {
            "grade": cell.name in graded,
            "grade_id": cell.name,
            "locked": cell.locked,
            "schema_version": SCHEMA,
            "solution": cell.name in solutions,
            "task": False,
            "cell_type": cell.cell_type,
            "checksum": cell.checksum,
        }
        if cell.name in graded:
            meta["points"] = graded[cell.name].max_score
        cells[cell.name] = {"cell_type": cell.cell_type, "source": cell.source, "nbgrader": meta}
    return cells


class GradeOutside(NbGraderPreprocessor):
    """Run a hand-in in a sandbox and judge it outside; see :mod:`coursekit.grading.outside`."""

    sandbox = Bool(True, help="Run students' code in bubblewrap; without it, it has your rights.").tag(config=True)
    solutions = Unicode("solutions", help="The folder of the model solutions.").tag(config=True)
    course = Unicode("", help="The course, which no student's code may see.").tag(config=True)
    limits = Dict(help="Limits that differ from coursekit.grading.sandbox.Limits, by name.").tag(config=True)

    # Hand-ins that were graded before, by student: see coursekit.grading.command.
    prepared: ClassVar[dict[str, Graded]] = {}

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Grade one hand-in.

        Args:
            nb: the settled notebook; outputs are written into it.
            resources: nbgrader's, with the names of student and assignment.

        Raises:
            GraderError: if a grader is broken. nbgrader prints it, leaves the hand-in ungraded, and goes on.
        """
        about = resources["nbgrader"]
        notes = nb.metadata.pop("coursekit", {})
        graded = self.prepared.pop(about["student"], None)
        solution = Path(self.solutions) / about["assignment"] / f"{about['notebook']}.ipynb"
        if graded is None or not graded.fits(nb):
            start = starter(self.sandbox, self.limits, self.course)
            try:
                graded = grade(nb, reference_of(solution, start), start, **notes)
            except GraderError as error:
                raise GraderError(
                    f"{error}. The hand-in is left ungraded: mend the grader and run nbgrader autograde again."
                ) from error
        graded.write(nb)
        disarm(nb, notebook_at(solution))
        for task, result in graded.record["tasks"].items():
            if result["outcome"] not in ("passed", "partly passed", "failed", "missing", "raised"):
                self.log.warning("%s: %s: %s", about["student"], task, result["outcome"])
        resources["coursekit"] = {key: value for key, value in graded.record.items() if key != "stamp"}
        return nb, resources


class SaveRecord(NbGraderPreprocessor):
    """Keep the record of a hand-in, when its scores are in the gradebook."""

    records = Unicode("graded", help="The folder for a JSON record of each hand-in; empty for none.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Write ``<records>/<assignment>/<student>.json``."""
        about = resources["nbgrader"]
        if self.records and "coursekit" in resources:
            save_record(Path(self.records), about["assignment"], about["student"], resources["coursekit"])
        return nb, resources


def sanitize_steps() -> list[type]:
    """nbgrader's steps before the code runs, with ours in front."""
    return [SettleCells, *Autograde.sanitize_preprocessors.default_args[0]]


def autograde_steps() -> list[type]:
    """nbgrader's steps that run and score, with its runner replaced."""
    steps = []
    for step in Autograde.autograde_preprocessors.default_args[0]:
        steps.append(GradeOutside if step is Execute else step)
    return [*steps, SaveRecord]
