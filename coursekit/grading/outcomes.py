"""The ways in which a task can end, and the sentence that its student reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

# From the best to the worst: of several kinds of failure in a task without points, the last one is named.
OUTCOMES = {
    "passed": "All tests passed.",
    "partly passed": "Some tests passed; each line above says what another one expected.",
    "failed": "The code ran, and its results are not the expected ones.",
    "raised": "The code raised an exception.",
    "missing": "This task was not written, or its function is not there.",
    "timed out": "The code ran longer than it may. Look for a loop that never ends.",
    "out of memory": "The code asked for more memory than it may have.",
    "crashed": "The process that ran the code ended. Code of a task must not exit or crash.",
    "tampered": "The answer did not come from the function that was asked. No points are given for that.",
}


@dataclass(frozen=True)
class CellResult:
    """What one graded cell got.

    Attributes:
        grade_id: nbgrader's name of the cell.
        points: from 0 to ``max_points``.
        max_points: of the cell.
        outcome: one of :data:`OUTCOMES`.
        tests: name, success and sentence of each test in it.
        said: what the student's own code printed during the test.
    """

    grade_id: str
    points: float
    max_points: float
    outcome: str
    tests: list[dict[str, Any]] = field(default_factory=list)
    said: str = ""

    @property
    def task(self) -> str:
        return task_of(self.grade_id)

    def text(self) -> str:
        """What the feedback shows."""
        lines = [f"✗ {test['name']}: {test['message']}" for test in self.tests if not test["passed"]]
        if self.outcome == "passed" and self.tests:
            kind = "visible" if self.grade_id.endswith("_visible") else "hidden"
            lines = [f"✓ {self.task}: all {len(self.tests)} {kind} tests pass"]
        verdict = f"{self.outcome}: {self.points:g} of {self.max_points:g} points. {OUTCOMES[self.outcome]}"
        said = [self.said.rstrip()] if self.said.strip() else []
        return "\n".join([*said, *lines, verdict]) + "\n"


def task_of(grade_id: str) -> str:
    """The task that a graded cell belongs to."""
    return grade_id.removesuffix("_visible").removesuffix("_hidden")


def outcome_of(points: float, max_points: float, kinds: Iterable[str]) -> str:
    """The outcome of some points: for none at all, the worst of the kinds of failure."""
    if points >= max_points:
        return "passed"
    if points > 0:
        return "partly passed"
    order = list(OUTCOMES)
    return max((kind for kind in kinds if kind not in order[:2]), key=order.index, default="failed")


def by_task(results: Iterable[CellResult]) -> dict[str, dict[str, Any]]:
    """Points, possible points and outcome of each task."""
    cells: dict[str, list[CellResult]] = {}
    for result in results:
        cells.setdefault(result.task, []).append(result)
    tasks = {}
    for task, parts in cells.items():
        points = round(sum(part.points for part in parts), 2)
        possible = sum(part.max_points for part in parts)
        outcome = outcome_of(points, possible, (part.outcome for part in parts))
        tasks[task] = {"points": points, "max_points": possible, "outcome": outcome}
    return tasks


def as_json(results: Iterable[CellResult]) -> list[dict[str, Any]]:
    """The results as JSON holds them."""
    return [asdict(result) for result in results]
