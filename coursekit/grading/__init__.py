"""What the exercises' test cells call: tests that explain, and a narrow door to a student's code.

A *visible* test says in words what is wrong, by :func:`expect_close` and its siblings in a :func:`visible` block.
A *hidden* test is a function in ``tests/graders/<assignment>.py`` that knows nothing of the student's process.
It reaches the student's code through a :class:`Student` alone, and only plain values pass through that door:
``None``, booleans, numbers, strings, lists, dictionaries with string keys, and NumPy arrays.
Inputs are copied for every call, outputs are converted and checked, every call has a time limit.
So a grader does not change when the code behind the door moves to another process.

The test cell of a task ends with ``hidden("gan", "optimal_discriminator", points=2, namespace=globals())``,
which prints a sentence for each thing that failed and gives the points as a plain Python ``float``.

nbgrader gives no points to a test cell that writes to the error stream, and full points to a result
that it cannot read as a number. Hence everything here prints to the standard output, keeps warnings silent,
and :func:`hidden` gives a finite number between 0 and the task's points or raises.
"""

from coursekit.grading.door import (
    GraderError,
    Outcome,
    Student,
    StudentError,
    grade,
    hidden,
    load_grader,
    outcome,
    points_for,
)
from coursekit.grading.explain import expect_close, expect_pair, expect_raises, expect_true, play, visible
from coursekit.grading.limits import CALL_SECONDS, TASK_SECONDS
from coursekit.grading.values import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, plain

__all__ = [
    "CALL_SECONDS",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_ITEMS",
    "TASK_SECONDS",
    "GraderError",
    "Outcome",
    "Student",
    "StudentError",
    "expect_close",
    "expect_pair",
    "expect_raises",
    "expect_true",
    "grade",
    "hidden",
    "load_grader",
    "outcome",
    "plain",
    "play",
    "points_for",
    "visible",
]
