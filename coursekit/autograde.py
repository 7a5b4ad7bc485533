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
student code kills the kernel, or hangs in C    no score for the whole hand-in       0 for the cells that did it
the teacher's own grader is broken              0 points, silently                   no score, and a loud error
==============================================  ===================================  ===============================

Only a teacher's machine needs this module: it imports nbgrader, which the kit does not ask for.
"""

from __future__ import annotations

from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.converters.autograde import Autograde
from nbgrader.preprocessors import Execute, NbGraderPreprocessor

from coursekit.grading import GraderError
from coursekit.grading.intake import settle

__all__ = ["ExecuteAll", "ReportBrokenGrader", "SettleCells", "autograde_steps", "sanitize_steps"]

SCHEMA = 3  # of nbgrader's cell metadata


class SettleCells(NbGraderPreprocessor):
    """Give a hand-in exactly the graded cells that were released, whatever became of their metadata."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Settle the cells of one hand-in, by the cells that the gradebook knows.

        Args:
            nb: the notebook; changed in place.
            resources: nbgrader's, with the address of the gradebook and the names of assignment and notebook.
        """
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook:
            released = _released_cells(gradebook.find_notebook(about["notebook"], about["assignment"]))
        for note in settle(nb, released):
            self.log.warning("%s: %s", about["student"], note)
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


class ExecuteAll(Execute):
    """Run a hand-in to its end: a cell that kills the kernel fails, and the others run in a fresh one."""

    def preprocess(self, nb: NotebookNode, resources: Any = None, km: Any = None) -> tuple[NotebookNode, Any]:
        """Run all cells of ``nb`` in place, from the top again after each kernel that was lost."""
        self.deadly: set[int] = set()
        while True:
            self.running: int | None = None
            try:
                return super().preprocess(nb, resources, km)
            except (DeadKernelError, CellTimeoutError) as error:
                if self.running is None:
                    raise
                self.log.error("Cell %d has ended the kernel (%s); running the others without it.", self.running, error)
                self.deadly.add(self.running)

    def preprocess_cell(self, cell: NotebookNode, resources: Any, index: int) -> tuple[NotebookNode, Any]:
        """Run one cell, unless it has ended a kernel before."""
        if index in self.deadly:
            message = "The kernel died or hung in this cell. It was left out, and the other cells were run."
            cell.outputs = [
                new_output("error", ename="KernelEnded", evalue=message, traceback=[f"KernelEnded: {message}"])
            ]
            return cell, resources
        self.running = index
        return super().preprocess_cell(cell, resources, index)


class ReportBrokenGrader(NbGraderPreprocessor):
    """Refuse to record a hand-in whose hidden tests did not run because of the teacher's own code."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Look for the grader's own errors in the outputs.

        Raises:
            GraderError: with the first of them. nbgrader prints it, leaves this hand-in ungraded, and goes on.
        """
        for cell in nb.cells:
            for output in cell.get("outputs", []) if "nbgrader" in cell.metadata else []:
                if output.output_type == "error" and output.ename == GraderError.__name__:
                    raise GraderError(
                        f"{cell.metadata.nbgrader.grade_id}: {output.evalue}. "
                        "The hand-in is left ungraded: mend the grader and run nbgrader autograde again."
                    )
        return nb, resources


def sanitize_steps() -> list[type]:
    """nbgrader's steps before the code runs, with ours in front."""
    return [SettleCells, *Autograde.sanitize_preprocessors.default_args[0]]


def autograde_steps() -> list[type]:
    """nbgrader's steps that run and score, with its runner replaced and the report behind it."""
    steps = []
    for step in Autograde.autograde_preprocessors.default_args[0]:
        steps += [ExecuteAll, ReportBrokenGrader] if step is Execute else [step]
    return steps
