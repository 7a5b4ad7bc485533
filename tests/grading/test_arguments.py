"""Calls with tensors: what a student's function gets, and what is seen of what it does to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from coursekit.grading import Student, StudentError
from coursekit.grading.arguments import call_untouched, call_with_tensors

MATRIX = np.array([[1.0, np.nan], [np.inf, 4.0], [5.0, 6.0]])


def student(function: Callable) -> Student:
    return Student({"f": function})


def test_arrays_become_tensors_at_any_depth() -> None:
    def f(*arguments: Any) -> list[str]:
        pair, named, number = arguments
        return [str(pair[0].dtype), str(pair[1][0].dtype), str(named["mask"].dtype), type(number).__name__]

    given = [[np.arange(3), [np.ones((2, 2), dtype=np.float32)]], {"mask": np.array([True])}, 0.5]
    for call in (call_with_tensors, call_untouched):
        assert call(student(f), "f", given) == ["torch.int64", "torch.float32", "torch.bool", "float"]


def test_turned_tensors_have_the_same_values_in_another_order() -> None:
    def f(vector: torch.Tensor, matrix: torch.Tensor, batch: torch.Tensor) -> list[Any]:
        tensors = [vector, matrix, batch]
        return [tensors, [t.is_contiguous() for t in tensors]]

    given = [np.arange(4.0), MATRIX, np.arange(12.0).reshape(2, 3, 2)]
    for turned in (False, True):
        values, contiguous = call_with_tensors(student(f), "f", given, turned=turned)
        assert contiguous == [not turned] * 3
        for value, array in zip(values, given, strict=True):
            assert np.array_equal(value, array, equal_nan=True)


def clears(values: list[Any]) -> None:
    values[0].zero_()


def cleans(values: list[Any]) -> None:
    values[0].nan_to_num_()


def pops(values: list[Any]) -> None:
    values.pop()


def turns_round(values: list[Any]) -> None:
    values.reverse()


@pytest.mark.parametrize("change", [clears, cleans, pops, turns_round])
def test_a_changed_input_is_seen(change: Callable) -> None:
    with pytest.raises(AssertionError, match="f has changed one of its inputs"):
        call_untouched(student(change), "f", [[MATRIX, np.arange(6).reshape(3, 2)]])


@pytest.mark.parametrize("gives_it_away", [False, True])
def test_a_switched_gradient_is_seen(gives_it_away: bool) -> None:
    def f(values: list[torch.Tensor]) -> None:
        values[0].requires_grad_()
        if gives_it_away:
            values[0] = values[0].detach()

    with pytest.raises(AssertionError, match="has set requires_grad"):
        call_untouched(student(f), "f", [[MATRIX]])


def test_the_teachers_arrays_stay_and_an_answer_passes() -> None:
    array = MATRIX.copy()
    assert call_with_tensors(student(lambda t: t.zero_().sum()), "f", [array]) == 0.0
    assert np.array_equal(array, MATRIX, equal_nan=True)
    answer = call_untouched(student(lambda t: (2 * t, len(t))), "f", [array])
    assert answer[1] == 3
    assert np.array_equal(answer[0], 2 * MATRIX, equal_nan=True)


def test_what_a_student_does_is_the_students_failure() -> None:
    def f(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.view(-1)

    assert call_with_tensors(student(f), "f", [np.arange(4.0)]).shape == (4,)
    with pytest.raises(StudentError, match="view"):
        call_with_tensors(student(f), "f", [MATRIX], turned=True)
    with pytest.raises(StudentError):
        call_with_tensors(student(f), "g", [MATRIX])
