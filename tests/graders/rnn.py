"""Hidden tests of the assignment ``rnn``: one function a task, on random inputs, against independent references.

The references know nothing of the model solution: PyTorch's own cells and packed sequences, autograd, and sums of
Python's ``math``. Only plain values pass to and from the student's code (see ``coursekit.grading``).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from coursekit.grading import Outcome, Student, expect_close, expect_pair, expect_true, outcome

# Loose enough for an answer that computes in float32, and far below every mistake.
TOLERANCE = 2e-5


def _weights(rng: np.random.Generator, inputs: int, units: int) -> dict[str, np.ndarray]:
    """W, U and b that are no transposes of themselves, and large enough for tanh to bend."""
    return {
        "W": rng.normal(0, 0.8, (units, inputs)),
        "U": rng.normal(0, 1.2 / math.sqrt(units), (units, units)),
        "b": rng.normal(0, 0.5, units),
    }


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array, dtype=torch.float64)


def _dictionary(what: str, got: object, keys: Sequence[str]) -> Mapping[str, object]:
    """Expect a dictionary with these keys, all of them."""
    expect_true(f"{what}: got None; is the `return` missing?", got is not None)
    expect_true(f"{what}: expected a dictionary, got a {type(got).__name__}", isinstance(got, Mapping))
    missing = [key for key in keys if key not in got]
    expect_true(f"{what}: the keys {missing} are missing", not missing)
    return got


def _unchanged(student: Student, name: str, inputs: Mapping[str, object], call: str) -> object:
    """Call the student's function, expect the arrays among its inputs to stay as they were, and give its answer."""
    watched = [key for key, value in inputs.items() if isinstance(value, np.ndarray)]
    snippet = f"answer = {call}\nresult = [answer, [{', '.join(watched)}]]"
    answer, after = student.run(snippet, **inputs)
    for key, value in zip(watched, after, strict=True):
        expect_true(f"{name} has changed its input {key}; work on a copy", np.array_equal(value, inputs[key]))
    return answer


# Task 1 ---------------------------------------------------------------------------------------------------------------


def _cell_step(x_t, h_prev, W, U, b, alpha) -> np.ndarray:
    """The step by PyTorch's cell, mixed with the old state."""
    cell = torch.nn.RNNCell(W.shape[1], W.shape[0], dtype=torch.float64)
    values = {"weight_ih": W, "weight_hh": U, "bias_ih": b, "bias_hh": np.zeros_like(b)}
    cell.load_state_dict({key: _tensor(value) for key, value in values.items()})
    with torch.no_grad():
        new = cell(_tensor(x_t), _tensor(h_prev))
        return torch.lerp(_tensor(h_prev), new, float(alpha)).numpy()


def leaky_step(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """One step of a leaky network, against PyTorch's cell."""

    def draw(batch: int, inputs: int, units: int) -> list[np.ndarray]:
        weights = _weights(rng, inputs, units)
        return [rng.normal(0, 1, (batch, inputs)), rng.normal(0, 0.7, (batch, units)), *weights.values()]

    def compare(given: list[np.ndarray], alpha: float) -> None:
        batch, inputs = given[0].shape
        what = f"the step of {batch} sequences, {inputs} inputs, {given[1].shape[1]} units, alpha = {alpha:.3g}"
        expect_close(what, student.call("leaky_step", *given, alpha), _cell_step(*given, alpha), tol=TOLERANCE)

    def random_batches() -> None:
        for sizes in ((3, 2, 4), (5, 4, 2), (2, 3, 3)):
            compare(draw(*sizes), float(rng.uniform(0.1, 0.9)))

    def small() -> None:
        for sizes in ((1, 1, 1), (1, 5, 2), (4, 1, 3), (3, 2, 1)):
            compare(draw(*sizes), float(rng.uniform(0.1, 0.9)))

    def no_leak() -> None:
        for alpha in (1.0, 1):
            compare(draw(4, 3, 5), alpha)

    def untouched() -> None:
        given = dict(zip(("x_t", "h_prev", "W", "U", "b"), draw(3, 2, 3), strict=True))
        got = _unchanged(student, "leaky_step", given | {"alpha": 0.3}, "leaky_step(x_t, h_prev, W, U, b, alpha)")
        expect_close("the step of untouched inputs", got, _cell_step(*given.values(), 0.3), tol=TOLERANCE)

    return [
        outcome("random batches", random_batches, weight=2),
        outcome("one sequence, one input, one unit", small),
        outcome("alpha = 1", no_leak),
        outcome("inputs stay as they were", untouched),
    ]


# Task 2 ---------------------------------------------------------------------------------------------------------------


def _by_autograd(x, h0, W, U, b, alpha, dh) -> dict[str, np.ndarray]:
    """The gradients of sum(dh · h) by PyTorch, where dh is what each state does to the loss directly."""
    leaves = {"W": W, "U": U, "b": b, "h0": h0, "x": x}
    leaves = {key: _tensor(value).requires_grad_() for key, value in leaves.items()}
    state, loss = leaves["h0"], torch.zeros((), dtype=torch.float64)
    linear = torch.nn.functional.linear
    for t in range(x.shape[1]):
        new = torch.tanh(linear(leaves["x"][:, t], leaves["W"], leaves["b"]) + linear(state, leaves["U"]))
        state = torch.lerp(state, new, float(alpha))
        loss = loss + (_tensor(dh[:, t]) * state).sum()
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return {key: gradient.numpy() for key, gradient in zip(leaves, gradients, strict=True)}


def _sequences(rng: np.random.Generator, batch: int, steps: int, inputs: int, units: int) -> dict[str, np.ndarray]:
    return {
        "x": rng.normal(0, 1, (batch, steps, inputs)),
        "h0": rng.normal(0, 0.7, (batch, units)),
        **_weights(rng, inputs, units),
        "dh": rng.normal(0, 1, (batch, steps, units)),
    }


def leaky_bptt(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Every gradient against autograd, one outcome each, then the special cases."""
    keys = ("W", "U", "b", "h0", "x")

    def call(given: dict[str, np.ndarray], alpha: float) -> object:
        before = [given[key] for key in ("x", "h0", "W", "U", "b")]
        return student.call("leaky_bptt", *before, alpha, given["dh"])

    def compare(given: dict[str, np.ndarray], alpha: float, chosen: Sequence[str], got: object = None) -> None:
        batch, steps, inputs = given["x"].shape
        what = f"{batch} sequences of {steps} steps, {inputs} inputs, {len(given['b'])} units, alpha = {alpha:.3g}"
        got = _dictionary("leaky_bptt", call(given, alpha) if got is None else got, chosen)
        expected = _by_autograd(alpha=alpha, **given)
        for key in chosen:
            expect_close(f"the gradient by {key} of {what}", got[key], expected[key], tol=TOLERANCE)

    cases = [
        (_sequences(rng, *sizes), float(rng.uniform(0.2, 0.8))) for sizes in ((3, 5, 2, 4), (2, 9, 3, 2), (1, 4, 1, 3))
    ]
    answers: dict[int, object] = {}

    def gradient(key: str) -> None:
        for i, (given, alpha) in enumerate(cases):
            if i not in answers:
                answers[i] = call(given, alpha)
            compare(given, alpha, [key], answers[i])

    def plain_network() -> None:
        compare(_sequences(rng, 3, 6, 2, 3), 1.0, keys)

    def one_step() -> None:
        compare(_sequences(rng, 2, 1, 3, 2), 0.4, keys)
        compare(_sequences(rng, 1, 1, 1, 1), 0.7, keys)

    def last_loss_only() -> None:
        given = _sequences(rng, 2, 12, 2, 3)
        given["dh"][:, :-1] = 0
        compare(given, 0.3, keys)

    def untouched() -> None:
        given = _sequences(rng, 2, 4, 2, 3)
        call = "leaky_bptt(x, h0, W, U, b, alpha, dh)"
        got = _unchanged(student, "leaky_bptt", given | {"alpha": 0.5}, call)
        compare(given, 0.5, keys, got)

    return [
        *(outcome(f"the gradient by {key}", functools.partial(gradient, key)) for key in keys),
        outcome("alpha = 1", plain_network),
        outcome("sequences of one step", one_step),
        outcome("a loss at the last step only", last_loss_only),
        outcome("inputs stay as they were", untouched),
    ]


# Task 3 ---------------------------------------------------------------------------------------------------------------


def clip_by_norm(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Clipping against a hypotenuse over all entries in Python's own arithmetic."""
    shapes = ((4, 3), (4, 4), (4,), (2, 4), (2, 3, 2))

    def length(gradients: Sequence[np.ndarray]) -> float:
        return math.hypot(*(float(entry) for gradient in gradients for entry in gradient.ravel()))

    def call(gradients: list[np.ndarray], limit: float) -> tuple[list, float]:
        clipped, norm = expect_pair("clip_by_norm", student.call("clip_by_norm", gradients, limit))
        many = isinstance(clipped, list) and len(clipped) == len(gradients)
        expect_true(f"clip_by_norm must return a list of {len(gradients)} arrays first", many)
        return clipped, norm

    def compare(gradients: list[np.ndarray], limit: float, what: str, tol: float = 1e-6) -> None:
        clipped, norm = call(gradients, limit)
        true = length(gradients)
        expect_close(f"the norm of {what}", norm / max(true, 1e-300), 1.0 if true else 0.0, tol=tol)
        scale = limit / true if true > limit else 1.0
        for i, (got, gradient) in enumerate(zip(clipped, gradients, strict=True)):
            wanted = gradient.astype(float) * scale
            size = max(float(np.abs(wanted).max(initial=0)), 1e-300)
            expect_true(f"array {i} must have the shape {gradient.shape}", np.shape(got) == gradient.shape)
            got = np.asarray(got, dtype=float)
            expect_close(f"array {i} of {what}, over its largest entry", got / size, wanted / size, tol=tol)

    def draw(scale: float = 1.0) -> list[np.ndarray]:
        return [scale * rng.normal(0, 1, shape) for shape in shapes]

    def long() -> None:
        for share in (0.9, 0.3, 1e-3):
            gradients = draw()
            compare(gradients, share * length(gradients), "a gradient above the limit")
        one = [rng.normal(0, 3, (5,))]
        compare(one, 0.5, "a single array above the limit")
        uneven = [1e-3 * rng.normal(0, 1, (3,)), 1e3 * rng.normal(0, 1, (2, 2))]
        compare(uneven, 1.0, "a short array beside a long one")

    def short() -> None:
        for share in (1.1, 50.0, math.inf):
            gradients = draw(0.1)
            limit = share * length(gradients)
            clipped, norm = call(gradients, limit)
            expect_close("the norm of a gradient below the limit", norm, length(gradients), tol=1e-9)
            same = [np.array_equal(got, gradient) for got, gradient in zip(clipped, gradients, strict=True)]
            expect_true("a gradient below the limit must stay exactly as it is", all(same))
        exact = [np.array([3.0]), np.array([[4.0]])]
        compare(exact, 5.0, "a gradient exactly at the limit")

    def zero() -> None:
        clipped, norm = call([np.zeros((2, 3)), np.zeros(4)], 0.1)
        expect_close("the norm of a gradient of zeros", norm, 0.0, tol=1e-12)
        for got, wanted in zip(clipped, (np.zeros((2, 3)), np.zeros(4)), strict=True):
            expect_close("a gradient of zeros, clipped", got, wanted, tol=1e-12)
        compare([np.zeros((2, 3)), rng.normal(0, 5, 4)], 1.0, "an array of zeros beside another")

    def not_finite() -> None:
        for bad in (math.inf, -math.inf, math.nan):
            gradients = draw()
            gradients[1][2, 1] = bad
            clipped, norm = call(gradients, 1.0)
            number = isinstance(norm, int | float)
            expect_true("the norm of an exploded gradient is inf or nan", number and not math.isfinite(norm))
            for got, gradient in zip(clipped, gradients, strict=True):
                expect_close(f"an array of a gradient with an entry {bad}", got, np.zeros(gradient.shape), tol=0)

    def single_precision() -> None:
        gradients = [g.astype(np.float32) for g in draw()]
        compare(gradients, 0.5, "a gradient in float32", tol=1e-5)
        large = [np.full((3,), 1e25, dtype=np.float32), np.full((2, 2), -2e25, dtype=np.float32)]
        compare(large, 1.0, "a gradient in float32 whose squares are too large for float32", tol=1e-5)

    def untouched() -> None:
        for limit in (0.5, 1e6):
            given = {"first": rng.normal(0, 1, (3, 2)), "second": rng.normal(0, 1, 4)}
            call_text = f"clip_by_norm([first, second], {limit})"
            clipped, _ = expect_pair("clip_by_norm", _unchanged(student, "clip_by_norm", given, call_text))
            scale = min(1.0, limit / length(list(given.values())))
            expect_close("the first of two untouched arrays, clipped", clipped[0], scale * given["first"], tol=1e-6)

    return [
        outcome("gradients above the limit", long, weight=2),
        outcome("gradients below the limit", short),
        outcome("a gradient of zeros", zero),
        outcome("a gradient that is not finite", not_finite),
        outcome("gradients in float32", single_precision),
        outcome("inputs stay as they were", untouched),
    ]


# Task 4 ---------------------------------------------------------------------------------------------------------------


def _by_detaching(x, h0, W, U, b, dh, window: int) -> dict[str, np.ndarray]:
    """For each loss apart: the state before its window as a constant, then autograd through the window."""
    total = {key: np.zeros(np.shape(value)) for key, value in (("W", W), ("U", U), ("b", b))}
    leaves = {key: _tensor(value).requires_grad_() for key, value in (("W", W), ("U", U), ("b", b))}

    def step(state: torch.Tensor, t: int) -> torch.Tensor:
        return torch.tanh(_tensor(x[:, t]) @ leaves["W"].T + state @ leaves["U"].T + leaves["b"])

    before = [_tensor(h0)]
    with torch.no_grad():
        for t in range(x.shape[1]):
            before.append(step(before[-1], t))
    for t in range(x.shape[1]):
        start = max(0, t - window + 1)
        state = before[start]
        for k in range(start, t + 1):
            state = step(state, k)
        loss = (_tensor(dh[:, t]) * state).sum()
        for key, gradient in zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True):
            total[key] += gradient.numpy()
    return total


def truncated_gradient(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Each loss reaches back a number of copies, against autograd on each loss apart."""
    keys = ("W", "U", "b")

    def compare(sizes: Sequence[int], window: int, got: object = None, given: dict | None = None) -> None:
        given = given or _sequences(rng, *sizes)
        order = ("x", "h0", "W", "U", "b", "dh")
        if got is None:
            got = student.call("truncated_gradient", *(given[key] for key in order), window)
        got = _dictionary("truncated_gradient", got, keys)
        expected = _by_detaching(window=window, **given)
        batch, steps = given["x"].shape[:2]
        for key in keys:
            what = f"the gradient by {key}, window {window}, {batch} sequences of {steps} steps"
            expect_close(what, got[key], expected[key], tol=TOLERANCE)

    def windows(*chosen: tuple[Sequence[int], int]) -> Callable[[], None]:
        def test() -> None:
            for sizes, window in chosen:
                compare(sizes, window)

        return test

    def untouched() -> None:
        given = _sequences(rng, 2, 5, 2, 3)
        call = "truncated_gradient(x, h0, W, U, b, dh, window)"
        got = _unchanged(student, "truncated_gradient", given | {"window": 2}, call)
        compare((), 2, got, given)

    return [
        outcome("a window of one step", windows(((3, 6, 2, 4), 1), ((1, 1, 1, 1), 1))),
        outcome(
            "windows within the sequence", windows(((3, 7, 2, 4), 2), ((2, 9, 3, 2), 4), ((1, 8, 1, 3), 5)), weight=3
        ),
        outcome("a window of all steps but one", windows(((2, 6, 2, 3), 5))),
        outcome("windows as long as the sequence, and longer", windows(((2, 6, 2, 3), 6), ((2, 5, 2, 3), 50))),
        outcome("inputs stay as they were", untouched),
    ]


# Task 5 ---------------------------------------------------------------------------------------------------------------


def _packed(x: np.ndarray, lengths: np.ndarray, weights: dict[str, np.ndarray], reverse: bool) -> np.ndarray:
    """The states of one direction by PyTorch's `nn.RNN` on packed sequences; empty sequences are left out."""
    units, steps = len(weights["b"]), x.shape[1]
    result = np.zeros((len(x), steps, units))
    some = lengths > 0
    if not some.any():
        return result
    network = torch.nn.RNN(x.shape[2], units, batch_first=True, bidirectional=True, dtype=torch.float64)
    values = {"weight_ih_l0": weights["W"], "weight_hh_l0": weights["U"], "bias_ih_l0": weights["b"]}
    values["bias_hh_l0"] = np.zeros(units)
    both = {f"{name}{end}": _tensor(value) for name, value in values.items() for end in ("", "_reverse")}
    network.load_state_dict(both)
    clean = np.where(np.arange(steps)[None, :, None] < lengths[:, None, None], x, 0.0)
    packed = pack_padded_sequence(_tensor(clean[some]), lengths[some], batch_first=True, enforce_sorted=False)
    with torch.no_grad():
        states, _ = pad_packed_sequence(network(packed)[0], batch_first=True, total_length=steps)
    result[some] = states[..., units:].numpy() if reverse else states[..., :units].numpy()
    return result


def read_both_ways(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """States of both directions over padded sequences, against PyTorch's packed ones."""

    def draw(steps: int, inputs: int, units: tuple[int, int], lengths: Sequence[int]) -> dict:
        return {
            "x": rng.normal(0, 1, (len(lengths), steps, inputs)),
            "lengths": np.array(lengths),
            "ahead": _weights(rng, inputs, units[0]),
            "back": _weights(rng, inputs, units[1]),
        }

    def compare(given: dict, part: str = "both", got: object = None) -> None:
        x, lengths, ahead, back = given.values()
        if got is None:
            got = student.call("read_both_ways", x, lengths, ahead, back)
        first, second = _packed(x, lengths, ahead, False), _packed(x, lengths, back, True)
        split, shape = first.shape[2], (*x.shape[:2], first.shape[2] + second.shape[2])
        expect_true("read_both_ways: got None; is the `return` missing?", got is not None)
        expect_true(f"the states must have the shape {shape}, got {np.shape(got)}", np.shape(got) == shape)
        got = np.asarray(got, dtype=float)
        where = f"for lengths {lengths.tolist()} of {x.shape[1]}"
        if part in ("both", "ahead"):
            expect_close(f"the states of the forward half {where}", got[..., :split], first, tol=TOLERANCE)
        if part in ("both", "back"):
            expect_close(f"the states of the backward half {where}", got[..., split:], second, tol=TOLERANCE)

    cases = [draw(6, 2, (3, 3), [6, 4, 1, 5]), draw(5, 3, (2, 2), [2, 5]), draw(4, 1, (1, 1), [3])]

    def half(part: str) -> None:
        for given in cases:
            compare(given, part)

    def full_length() -> None:
        compare(draw(5, 2, (3, 3), [5, 5, 5]))
        compare(draw(1, 1, (2, 2), [1]))

    def different_sizes() -> None:
        compare(draw(5, 2, (3, 1), [5, 2, 4]))
        compare(draw(4, 3, (1, 4), [1, 4]))

    def nan_padding() -> None:
        for bad in (math.nan, math.inf, 1e6):
            given = draw(6, 2, (3, 2), [3, 6, 1])
            for row, length in zip(given["x"], given["lengths"], strict=True):
                row[length:] = bad
            compare(given)

    def empty() -> None:
        given = draw(4, 2, (2, 3), [0, 4, 2])
        given["x"][0] = math.nan
        compare(given)
        compare(draw(3, 1, (1, 1), [0]))

    def untouched() -> None:
        given = draw(5, 2, (2, 2), [5, 3])
        flat = {"x": given["x"], "lengths": given["lengths"]}
        for name in ("ahead", "back"):
            flat |= {f"{name}_{key}": value for key, value in given[name].items()}
        pack = {name: f"dict(W={name}_W, U={name}_U, b={name}_b)" for name in ("ahead", "back")}
        call = f"read_both_ways(x, lengths, {pack['ahead']}, {pack['back']})"
        compare(given, got=_unchanged(student, "read_both_ways", flat, call))

    return [
        outcome("the forward half", functools.partial(half, "ahead")),
        outcome("the backward half", functools.partial(half, "back"), weight=2),
        outcome("sequences without padding", full_length),
        outcome("halves of different sizes", different_sizes),
        outcome("padding that is nan, inf or large", nan_padding),
        outcome("empty sequences", empty),
        outcome("inputs stay as they were", untouched),
    ]
