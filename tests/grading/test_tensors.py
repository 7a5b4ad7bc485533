"""What graders of several assignments send through the door: calls with tensors, and what is read from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from coursekit.grading import Student, StudentError
from coursekit.grading.tensors import (
    NET,
    call,
    call_turned,
    call_untouched,
    call_with_tensors,
    expect_dtype,
    expect_untouched,
    expect_value_error,
    rounded,
)


def scaled(x, y, factor):
    return {"product": factor * x * y, "kind": "plain"}


def spoiled(x, y):
    x += 1
    y.requires_grad_()
    return x.detach().clone()


def cut(x):
    return x.detach()


def scalar(x):
    return 1.5


def refuses(x):
    raise ValueError("too small")


STUDENT = Student({f.__name__: f for f in (scaled, spoiled, cut, scalar, refuses)})
GIVEN = {"x": np.array([[1.0, 2.0], [3.0, 4.0]]), "y": np.array([[5.0, 6.0], [7.0, 9.0]])}


@pytest.mark.parametrize("strided", [False, True])
def test_a_call_gives_the_value_the_gradients_and_the_dtype(strided: bool) -> None:
    weights = np.array([[1.0, 0.0], [2.0, 3.0]])
    got = call(STUDENT, "scaled", GIVEN, 2.0, leaves=["y"], weights=weights, part="product", strided=strided)
    assert np.array_equal(got["value"]["product"], 2 * GIVEN["x"] * GIVEN["y"])
    assert np.array_equal(got["gradients"]["y"], 2 * weights * GIVEN["x"])
    assert list(got["gradients"]) == ["y"]
    expect_untouched(GIVEN, got)
    expect_dtype("float64", got)


def test_the_reference_gets_what_a_tensor_holds() -> None:
    third = {"x": np.array([1 / 3]), "y": np.array([3.0])}
    got = call(STUDENT, "scaled", third, 1.0, dtype="float32", part="product")
    expect_dtype("float32", got)
    expect_untouched(third, got, "float32")
    assert rounded(third, "float32")["x"][0] == float(np.float32(1 / 3)) != 1 / 3
    with pytest.raises(AssertionError, match=r"expected a tensor of float64, got torch\.float32"):
        expect_dtype("float64", got)


def test_a_changed_input_is_seen() -> None:
    got = call(STUDENT, "spoiled", GIVEN)
    with pytest.raises(AssertionError, match="the input x was changed"):
        expect_untouched(GIVEN, got)
    with pytest.raises(AssertionError, match="requires_grad of y was switched on"):
        expect_untouched({"y": GIVEN["y"]}, got)


@pytest.mark.parametrize(("function", "message"), [("cut", "no gradient reaches"), ("scalar", "not a float")])
def test_a_result_without_gradient_is_said_to_be_one(function: str, message: str) -> None:
    with pytest.raises(StudentError, match=message):
        call(STUDENT, function, {"x": GIVEN["x"]}, leaves=["x"])


def test_what_must_be_refused() -> None:
    expect_value_error("a small x", lambda: STUDENT.call("refuses", 1.0))
    with pytest.raises(AssertionError, match=r"a small x: expected a ValueError, got the result 1\.5"):
        expect_value_error("a small x", lambda: STUDENT.call("scalar", 1.0))
    with pytest.raises(AssertionError, match=r"a small x: expected a ValueError, but .*AttributeError"):
        expect_value_error("a small x", lambda: STUDENT.call("cut", 1.0))


def test_the_network_is_the_one_of_its_weights() -> None:
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) for shape in ((3, 2), (3,), (1, 3), (1,))]
    x = rng.normal(size=(5, 2))
    snippet = NET + "\nimport torch\nkind = torch.float64\nresult = net(weights)(torch.tensor(x))"
    got = Student({}).run(snippet, weights=weights, x=x)
    expected = np.tanh(x @ weights[0].T + weights[1]) @ weights[2].T + weights[3]
    assert np.allclose(got, expected, atol=1e-12)


# Arguments of several kinds -------------------------------------------------------------------------------------------

MATRIX = np.array([[1.0, np.nan], [np.inf, 4.0], [5.0, 6.0]])


def student(function: Callable) -> Student:
    return Student({"f": function})


def test_arrays_become_tensors_at_any_depth() -> None:
    def f(*arguments: Any) -> list[str]:
        pair, named, number = arguments
        return [str(pair[0].dtype), str(pair[1][0].dtype), str(named["mask"].dtype), type(number).__name__]

    given = [[np.arange(3), [np.ones((2, 2), dtype=np.float32)]], {"mask": np.array([True])}, 0.5]
    for way in (call_with_tensors, call_untouched):
        assert way(student(f), "f", given) == ["torch.int64", "torch.float32", "torch.bool", "float"]


def test_turned_tensors_have_the_same_values_in_another_order() -> None:
    def f(vector: torch.Tensor, matrix: torch.Tensor, batch: torch.Tensor) -> list[Any]:
        tensors = [vector, matrix, batch]
        return [tensors, [t.is_contiguous() for t in tensors]]

    given = [np.arange(4.0), MATRIX, np.arange(12.0).reshape(2, 3, 2)]
    for way, turned in ((call_with_tensors, False), (call_turned, True)):
        values, contiguous = way(student(f), "f", given)
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


def appends(values: list[Any]) -> None:
    values.append(0.0)


@pytest.mark.parametrize("change", [clears, cleans, pops, turns_round, appends])
def test_a_changed_argument_is_seen(change: Callable) -> None:
    with pytest.raises(AssertionError, match="f has changed one of its inputs"):
        call_untouched(student(change), "f", [[MATRIX, np.arange(6).reshape(3, 2)]])


@pytest.mark.parametrize("gives_it_away", [False, True])
def test_a_gradient_that_was_switched_on_is_seen(gives_it_away: bool) -> None:
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
        call_turned(student(f), "f", [MATRIX])
    with pytest.raises(StudentError):
        call_with_tensors(student(f), "g", [MATRIX])
