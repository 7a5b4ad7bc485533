"""Hidden tests of the assignment ``policy_gradient``: one function a task, on random inputs, by independent routes.

The references know nothing of the model solution: Python's own numbers, episode by episode and step by step; SciPy's
densities with difference quotients; autograd through ``torch.distributions``; a search for the least variance. Only
plain values pass to and from the student's code (see ``coursekit.grading``): snippets turn arrays into tensors, and
take gradients, on the other side of the door.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy import optimize, special, stats

from coursekit.grading import Outcome, Student, expect_close, expect_pair, expect_true, outcome
from coursekit.grading.tensors import AS_TENSORS, Call, call_turned, call_untouched, call_with_tensors

# Loose enough for an answer that computes in float32, and far below every mistake.
TOLERANCE = 2e-5


# The loss, and its gradients by the logits, by the returns and by the values.
LOSS = (
    AS_TENSORS
    + """
logits, actions, returns, values, lengths = as_tensors(arguments)
logits.requires_grad_()
returns.requires_grad_()
values.requires_grad_()
loss = surrogate_loss(logits, actions, returns, values, lengths)
if torch.is_tensor(loss) and loss.shape != ():
    result = [None, list(loss.shape)]
elif torch.is_tensor(loss) and loss.requires_grad:
    grads = torch.autograd.grad(loss, [logits, returns, values], allow_unused=True)
    result = [loss.detach(), list(loss.shape), *[None if g is None else g for g in grads]]
else:
    result = None
"""
)

# Logits and values that come from the same weights.
SHARED = (
    AS_TENSORS
    + """
logits, actions, returns, values, lengths = as_tensors(arguments)
scale = torch.ones((), dtype=logits.dtype, requires_grad=True)
loss = surrogate_loss(scale * logits, actions, returns, scale * values, lengths)
if torch.is_tensor(loss) and loss.requires_grad:
    result = torch.autograd.grad(loss, scale)[0]
else:
    result = None
"""
)


def _lengths(rng: np.random.Generator, episodes: int, steps: int) -> np.ndarray:
    """Lengths of which one is the longest possible, and another, where there is room for it, is shorter."""
    lengths = rng.integers(1, steps + 1, episodes)
    longest = rng.permutation(episodes)
    lengths[longest[0]] = steps
    if episodes > 1 and steps > 1:
        lengths[longest[1]] = rng.integers(1, steps)
    return lengths.astype(np.int64)


def _padded(array: np.ndarray, lengths: np.ndarray, filling: float) -> np.ndarray:
    """The array with another value behind the end of each row."""
    array = array.copy()
    for row, length in zip(array, lengths, strict=True):
        row[length:] = filling
    return array


# Task 1 ---------------------------------------------------------------------------------------------------------------


def _sums(rewards: np.ndarray, lengths: np.ndarray, gamma: float) -> list[list[float]]:
    """The double sum of (PG.d5), number by number."""
    rows = []
    for row, length in zip(rewards.tolist(), lengths.tolist(), strict=True):
        sums = [sum(gamma ** (k - t) * row[k] for k in range(t, length)) for t in range(length)]
        rows.append(sums + [0.0] * (len(row) - length))
    return rows


def returns_to_go(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Returns to go of padded episodes, against the double sum."""
    name = "returns_to_go"

    def compare(episodes: int, steps: int, gamma: float, filling: float = 3.0, call: Call = call_with_tensors) -> None:
        lengths = _lengths(rng, episodes, steps)
        rewards = _padded(rng.normal(0, 2, (episodes, steps)), lengths, filling)
        given = [rewards, lengths, gamma]
        got = call(student, name, given)
        what = f"{episodes} episodes of at most {steps} steps, γ = {gamma:.3g}"
        expect_close(f"the returns to go of {what}", got, _sums(rewards, lengths, gamma), tol=TOLERANCE)

    def full() -> None:
        for steps in (4, 9):
            rewards = rng.normal(0, 2, (3, steps))
            lengths, gamma = np.full(3, steps), float(rng.uniform(0.3, 0.9))
            got = call_with_tensors(student, name, [rewards, lengths, gamma])
            expect_close("episodes that are all equally long", got, _sums(rewards, lengths, gamma), tol=TOLERANCE)

    def padding() -> None:
        for gamma in (0.9, 0.35):
            compare(5, 7, gamma)

    def not_a_number() -> None:
        for filling in (float("nan"), float("inf"), float("-inf"), 1e300):
            compare(4, 6, 0.8, filling)

    def edges() -> None:
        compare(4, 5, 0.0)
        compare(4, 5, 1.0)
        compare(1, 1, 0.5)
        compare(3, 1, 0.5)
        compare(1, 6, 0.5)
        compare(2, 2, 0.5)
        compare(2, 400, 0.01)  # 0.01 to the power 400 is 0 in any float
        compare(2, 400, 0.99)
        lengths = np.array([6, 4])  # most rewards are 0, the last one of an episode as well
        rewards = _padded(rng.normal(0, 2, (2, 6)) * np.array([0, 1, 0, 0, 1, 0]), lengths, 3.0)
        got = call_with_tensors(student, name, [rewards, lengths, 0.5])
        expect_close("the returns to go where most rewards are 0", got, _sums(rewards, lengths, 0.5), tol=TOLERANCE)

    def untouched() -> None:
        compare(4, 5, 0.7, call=call_untouched)
        lengths = _lengths(rng, 4, 5)
        call_untouched(student, name, [_padded(rng.normal(0, 2, (4, 5)), lengths, float("nan")), lengths, 0.7])
        compare(4, 5, 0.7, call=call_turned)

    return [
        outcome("episodes of one length", full, weight=2),
        outcome("episodes of different lengths", padding, weight=2),
        outcome("padding that is no number", not_a_number),
        outcome("γ = 0 and 1, single steps and many, rewards of 0", edges),
        outcome("inputs stay as they were, however they lie in memory", untouched),
    ]


# Task 2 ---------------------------------------------------------------------------------------------------------------


def _quotient(function: Any, x: np.ndarray, width: float = 1e-5) -> np.ndarray:
    """The derivative of a number for each row by every entry of the row, by central differences."""
    slopes = np.empty_like(x)
    for j in range(x.shape[1]):
        step = np.zeros_like(x)
        step[:, j] = width
        slopes[:, j] = (function(x + step) - function(x - step)) / (2 * width)
    return slopes


def scores(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Scores of two policies, against difference quotients of SciPy's log-densities."""

    def softmax(rows: int, actions: int, scale: float = 1.5, call: Call = call_with_tensors) -> None:
        logits, taken = rng.normal(0, scale, (rows, actions)), rng.integers(0, actions, rows)
        given = [logits, taken]
        got = call(student, "softmax_score", given)
        slopes = _quotient(lambda a: special.log_softmax(a, axis=1)[np.arange(rows), taken], logits)
        expect_close(f"the score of a softmax, {rows} states, {actions} actions", got, slopes, tol=TOLERANCE)

    def gaussian(rows: int, dim: int, part: str = "both", call: Call = call_with_tensors) -> None:
        mu, log_std = rng.normal(0, 1, (rows, dim)), rng.normal(-0.2, 0.6, (rows, dim))
        action = mu + np.exp(log_std) * rng.normal(0, 1.2, (rows, dim))
        given = [mu, log_std, action]
        got = call(student, "gaussian_score", given)
        by_mu, by_log_std = expect_pair("gaussian_score", got)

        def log_density(mu: np.ndarray, log_std: np.ndarray) -> np.ndarray:
            return stats.norm.logpdf(action, mu, np.exp(log_std)).sum(axis=1)

        what = f"{rows} actions of {dim} numbers"
        if part in ("both", "mu"):
            slopes = _quotient(lambda m: log_density(m, log_std), mu)
            expect_close(f"the score by μ, {what}", by_mu, slopes, tol=TOLERANCE)
        if part in ("both", "log_std"):
            slopes = _quotient(lambda e: log_density(mu, e), log_std)
            expect_close(f"the score by log σ, {what}", by_log_std, slopes, tol=TOLERANCE)

    def several(function: Any, *sizes: tuple[int, int], **more: Any) -> None:
        for rows, columns in sizes:
            function(rows, columns, **more)

    def extreme() -> None:
        logits = np.array([[900.0, -900.0, 0.0], [-1000.0, -1000.0, 1000.0]])
        close = np.array([[1000.0, 999.0, 998.0], [-998.5, -1000.0, -999.0]])  # large, and not far from each other
        for rows in (logits, close):
            for taken in ([0, 2], [1, 0]):
                expected = np.eye(3)[taken] - special.softmax(rows, axis=1)
                got = call_with_tensors(student, "softmax_score", [rows, np.array(taken)])
                expect_close("the score of a softmax with logits of ±1000", got, expected, tol=TOLERANCE)

    def narrow() -> None:
        mu, log_std = np.zeros((1, 2)), np.array([[-8.0, 6.0]])
        action = np.array([[2 * np.exp(-8.0), -0.5 * np.exp(6.0)]])
        got = expect_pair("gaussian_score", call_with_tensors(student, "gaussian_score", [mu, log_std, action]))
        expect_close("the score by μ, log σ = −8 and 6", got[0], [[2 * np.exp(8.0), -0.5 * np.exp(-6.0)]], tol=1e-4)
        expect_close("the score by log σ, log σ = −8 and 6", got[1], [[3.0, -0.75]], tol=1e-4)

    def untouched() -> None:
        several(softmax, (3, 4), call=call_untouched)
        several(gaussian, (3, 2), call=call_untouched)
        several(softmax, (3, 4), call=call_turned)
        several(gaussian, (3, 2), call=call_turned)

    return [
        outcome("softmax", functools.partial(several, softmax, (4, 3), (6, 2)), weight=2),
        outcome(
            "softmax: one state, one action, as many as states",
            functools.partial(several, softmax, (1, 4), (3, 1), (3, 3)),
        ),
        outcome("softmax: logits of ±1000", extreme),
        outcome("Gaussian, by μ", functools.partial(several, gaussian, (4, 2), (3, 3), part="mu"), weight=1.5),
        outcome("Gaussian, by log σ", functools.partial(several, gaussian, (4, 2), (3, 3), part="log_std"), weight=1.5),
        outcome(
            "Gaussian: one action, one number; narrow and wide", lambda: (gaussian(1, 1), gaussian(1, 3), narrow())
        ),
        outcome("inputs stay as they were, however they lie in memory", untouched),
    ]


# Task 3 ---------------------------------------------------------------------------------------------------------------


def _reference_loss(given: Sequence[np.ndarray]) -> tuple[float, np.ndarray]:
    """The loss and its gradient by the logits, episode by episode, by PyTorch's own categorical law."""
    logits, actions, returns, values, lengths = given
    leaf = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    total = torch.zeros((), dtype=torch.float64)
    for n, length in enumerate(lengths.tolist()):
        for t in range(length):
            law = torch.distributions.Categorical(logits=leaf[n, t])
            weight = float(returns[n, t]) - float(values[n, t])
            total = total - weight * law.log_prob(torch.tensor(int(actions[n, t]))) / len(lengths)
    total.backward()
    return total.item(), leaf.grad.numpy()


def surrogate_loss(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Value and gradients of the surrogate, against PyTorch's categorical law."""
    name = "surrogate_loss"

    def draw(episodes: int, steps: int, actions: int, filling: float = 5.0) -> list[np.ndarray]:
        lengths = _lengths(rng, episodes, steps)
        return [
            rng.normal(0, 1.5, (episodes, steps, actions)),
            rng.integers(0, actions, (episodes, steps)),
            _padded(rng.normal(1, 2, (episodes, steps)), lengths, filling),
            _padded(rng.normal(0, 1, (episodes, steps)), lengths, -filling),
            lengths,
        ]

    def measured(given: Sequence[np.ndarray]) -> list[Any]:
        got = student.run(LOSS, arguments=given)
        words = "autograd finds no way from the loss to the logits; is there an item, a detach or a NumPy array?"
        expect_true(words, got is not None)
        expect_true(f"expected a tensor of shape (), got one of shape {got[1]}", got[1] == [])
        return got

    def value(given: Sequence[np.ndarray], what: str) -> None:
        expect_close(f"the loss, {what}", measured(given)[0], _reference_loss(given)[0], tol=TOLERANCE)

    def slope(given: Sequence[np.ndarray], what: str) -> None:
        by_logits = measured(given)[2]
        expect_true(f"the loss does not depend on the logits, {what}", by_logits is not None)
        expect_close(f"the gradient by the logits, {what}", by_logits, _reference_loss(given)[1], tol=TOLERANCE)

    def one_length() -> None:
        for sizes in ((3, 4, 3), (5, 2, 2)):
            given = draw(*sizes)
            given[4][:] = sizes[1]
            given[2:4] = [rng.normal(1, 2, sizes[:2]) for _ in range(2)]
            value(given, "episodes of one length")

    def lengths() -> None:
        for sizes in ((4, 5, 3), (3, 6, 2)):
            value(draw(*sizes), "episodes of different lengths")

    def gradient() -> None:
        for sizes in ((4, 5, 3), (2, 3, 4)):
            slope(draw(*sizes), "episodes of different lengths")

    def constant() -> None:
        given = draw(3, 4, 3)
        for label, by in zip(("returns", "values"), measured(given)[3:], strict=True):
            held = by is None or not np.abs(np.nan_to_num(np.asarray(by))).max()
            expect_true(f"a gradient passes through the {label}; the weights are held constant", held)
        given = draw(3, 4, 3, filling=0.0)
        wanted = float((_reference_loss(given)[1] * given[0]).sum())
        got = student.run(SHARED, arguments=given)
        expect_true("autograd finds no way from the loss to weights that policy and value share", got is not None)
        expect_close("the gradient by a weight that policy and value share", got, wanted, tol=TOLERANCE)

    def not_a_number() -> None:
        for filling in (float("nan"), float("inf")):
            given = draw(3, 5, 2, filling)
            value(given, "with padding that is no number")
            slope(given, "with padding that is no number")

    def edges() -> None:
        for sizes in ((1, 1, 2), (1, 4, 3), (4, 1, 2), (2, 2, 2), (3, 3, 1)):
            given = draw(*sizes)
            value(given, f"{sizes[0]} episodes, {sizes[1]} steps, {sizes[2]} actions")
        given = draw(2, 3, 3)
        given[0] = rng.permuted(np.broadcast_to([-1000.0, 1000.0, 998.5], (2, 3, 3)), axis=2)
        given[1] = given[0].argmin(axis=2)  # actions that are as good as impossible
        given[1][0, 0] = given[0][0, 0].argmax()
        value(given, "with logits of ±1000")
        slope(given, "with logits of ±1000")

    def untouched() -> None:
        given = draw(3, 4, 3)
        got = call_untouched(student, name, given)
        expect_close("the loss", got, _reference_loss(given)[0], tol=TOLERANCE)
        call_untouched(student, name, draw(3, 4, 3, float("nan")))

    return [
        outcome("its value, episodes of one length", one_length, weight=1.5),
        outcome("its value, episodes of different lengths", lengths, weight=1.5),
        outcome("its gradient", gradient, weight=1.5),
        outcome("weights that are held constant", constant, weight=1.5),
        outcome("padding that is no number", not_a_number),
        outcome("single steps and actions, large logits", edges),
        outcome("inputs stay as they were", untouched, weight=0.5),
    ]


# Task 4 ---------------------------------------------------------------------------------------------------------------


def _searched(g: np.ndarray, R: np.ndarray) -> float:
    """The constant with the least mean square of (R − b) g, which a search finds."""
    shift, scale = float(R.mean()), float(np.abs(R - R.mean()).max()) + 1.0

    def mean_square(u: float) -> float:
        return float((((R - shift - scale * u)[:, None] * g) ** 2).mean()) / float((g**2).mean())

    return shift + scale * optimize.minimize_scalar(mean_square, bounds=(-3, 3), options={"xatol": 1e-10}).x


def best_baselines(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """The best constants, against a search for the least mean square."""
    name = "best_baselines"

    def draw(episodes: int, dim: int, around: float = 0.0) -> list[np.ndarray]:
        # Returns that hang together with the size of the scores, so that the plain mean is far from the best constant.
        g = rng.normal(0, 1, (episodes, dim)) * rng.gamma(1.0, 1.0, (episodes, 1)) * rng.uniform(0.2, 3.0, dim)
        return [g, around + np.linalg.norm(g, axis=1) + rng.normal(0, 0.5, episodes)]

    def compare(given: list[np.ndarray], part: str = "both", call: Call = call_with_tensors) -> None:
        got = call(student, name, given)
        best, each = expect_pair(name, got)
        g, R = given
        what = f"{g.shape[0]} episodes, {g.shape[1]} parameters"
        if part in ("both", "one"):
            expect_close(f"the best constant, {what}", best, _searched(g, R), tol=1e-4)
        if part in ("both", "each"):
            searched = [_searched(column[:, None], R) for column in g.T]
            expect_close(f"the best baseline of each parameter, {what}", each, searched, tol=1e-4)

    def random(part: str) -> None:
        for sizes in ((12, 3), (7, 4), (4, 4)):
            compare(draw(*sizes), part)

    def far() -> None:
        compare(draw(10, 3, around=-300.0))
        compare(draw(10, 3, around=300.0))

    def small() -> None:
        for sizes in ((1, 1), (1, 3), (5, 1), (2, 2)):
            compare(draw(*sizes))

    def never_moved() -> None:
        g, R = draw(6, 3)
        g[:, 1] = 0
        best, each = expect_pair(name, call_with_tensors(student, name, [g, R]))
        expected = [_searched(g[:, [0]], R), 0.0, _searched(g[:, [2]], R)]
        expect_close("the baselines of three parameters, the second never moved", each, expected, tol=1e-4)
        expect_close("the best constant, the second parameter never moved", best, _searched(g, R), tol=1e-4)
        best, each = expect_pair(name, call_with_tensors(student, name, [np.zeros((4, 2)), R[:4]]))
        expect_close("the best constant when nothing moved", best, 0.0, tol=1e-9)
        expect_close("the baselines when nothing moved", each, [0.0, 0.0], tol=1e-9)

    def tiny() -> None:
        g, R = draw(8, 2)
        best, each = expect_pair(name, call_with_tensors(student, name, [g * 1e-9, R]))
        expect_close("the best constant for scores of 1e-9", best, _searched(g, R), tol=1e-4)
        searched = [_searched(column[:, None], R) for column in g.T]
        expect_close("the baselines for scores of 1e-9", each, searched, tol=1e-4)

    def untouched() -> None:
        compare(draw(6, 3), call=call_untouched)
        compare(draw(6, 3), call=call_turned)

    return [
        outcome("the best constant", functools.partial(random, "one"), weight=2),
        outcome("the best one for each parameter", functools.partial(random, "each"), weight=2),
        outcome("returns that are all large, or all far below zero", far),
        outcome("one episode, one parameter", small),
        outcome("parameters that never moved", never_moved),
        outcome("very small scores", tiny),
        outcome("inputs stay as they were, however they lie in memory", untouched, weight=0.5),
    ]


# Task 5 ---------------------------------------------------------------------------------------------------------------


def _episodes(rewards, terminated, truncated, next_values, gamma) -> tuple[list[list[float]], list[list[float]]]:
    """Targets and marks, found by walking through each environment and collecting its episodes."""
    all_targets, all_real = [], []
    for r, end, cut, v in zip(*(a.tolist() for a in (rewards, terminated, truncated, next_values)), strict=True):
        targets, real = [0.0] * len(r), [0.0] * len(r)
        start = 0
        while start < len(r):
            stop = start
            while stop < len(r) - 1 and not end[stop] and not cut[stop]:
                stop += 1
            tail = 0.0 if end[stop] else v[stop]
            for t in range(start, stop + 1):
                paid = sum(gamma ** (k - t) * r[k] for k in range(t, stop + 1))
                targets[t] = paid + (gamma ** (stop - t + 1) * tail if not end[stop] else 0.0)
                real[t] = 1.0
            start = stop + 2  # the step between is the reset
        all_targets.append(targets)
        all_real.append(real)
    return all_targets, all_real


def targets(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Targets and marks of environments that reset themselves, against a walk through their episodes."""
    name = "targets"

    def draw(envs: int, steps: int, ends: float, cuts: float, filling: float = 4.0) -> list[Any]:
        terminated, truncated = (np.zeros((envs, steps), dtype=bool) for _ in range(2))
        for n in range(envs):
            t = 0
            while t < steps:
                terminated[n, t], truncated[n, t] = rng.random() < ends, rng.random() < cuts
                t += 2 if terminated[n, t] or truncated[n, t] else 1
        values = rng.normal(3, 2, (envs, steps))
        needed = truncated & ~terminated
        needed[:, -1] |= ~terminated[:, -1]
        if steps > 1:  # a reset at the last step needs no value
            needed[:, -1] &= ~(terminated | truncated)[:, -2]
        values = np.where(needed, values, filling)
        return [rng.normal(0, 2, (envs, steps)), terminated, truncated, values, float(rng.uniform(0.4, 0.95))]

    def compare(given: list[Any], part: str = "both", what: str = "", call: Call = call_with_tensors) -> None:
        got = call(student, name, given)
        y, real = expect_pair(name, got)
        wanted, marks = _episodes(*given)
        if part in ("both", "real"):
            expect_close(f"which steps are real{what}", real, marks, tol=1e-9)
        if part in ("both", "y"):
            expect_close(f"the targets{what}", y, wanted, tol=TOLERANCE)

    def marks() -> None:
        for sizes in ((4, 12), (3, 20)):
            compare(draw(*sizes, 0.15, 0.15), "real")

    def terminations() -> None:
        for _ in range(2):
            given = draw(4, 10, 0.3, 0.0)
            given[1][:, -1] = ~given[1][:, -2]  # ended at the last step, or just reset
            compare(given, "y", " where all episodes terminate")

    def truncations() -> None:
        for _ in range(2):
            compare(draw(4, 12, 0.0, 0.3), "y", " where episodes are truncated")

    def under_way() -> None:
        compare(draw(3, 6, 0.0, 0.0), "y", " of episodes that are still under way")

    def mixed() -> None:
        for _ in range(3):
            compare(draw(5, 14, 0.2, 0.2), "y", " where episodes end in both ways")

    def both_flags() -> None:
        given = draw(4, 9, 0.25, 0.0)
        given[2] = given[1].copy()
        compare(given, "y", " where both flags are set")

    def not_a_number() -> None:
        for filling in (float("nan"), float("inf")):
            given = draw(4, 10, 0.2, 0.2, filling)
            given[1][0, -3:] = given[2][0, -3:] = False
            given[1][0, -2] = True  # the last step of the first row resets
            given[3][0, -3:] = filling
            compare(given, "y", " where unneeded values are no numbers")

    def edges() -> None:
        for sizes in ((1, 1), (3, 1), (1, 8), (2, 2)):
            for gamma in (0.0, 1.0, 0.5):
                given = draw(*sizes, 0.3, 0.3)
                given[-1] = gamma
                compare(given, what=f", {sizes[0]} environments, {sizes[1]} steps, γ = {gamma:g}")

    def last_steps() -> None:
        rewards, values = rng.normal(0, 2, (4, 3)), rng.normal(3, 2, (4, 3))
        end, cut = (np.zeros((4, 3), dtype=bool) for _ in range(2))
        end[0, 2] = cut[1, 2] = end[2, 1] = cut[3, 1] = True
        compare([rewards, end, cut, values, 0.6], what=" where episodes end at or just before the last step")

    def untouched() -> None:
        compare(draw(4, 9, 0.2, 0.2), call=call_untouched)
        call_untouched(student, name, draw(4, 9, 0.2, 0.2, float("nan")))
        compare(draw(4, 9, 0.2, 0.2), call=call_turned)

    return [
        outcome("which steps are real", marks, weight=2),
        outcome("episodes that terminate", terminations, weight=1.5),
        outcome("episodes that are truncated", truncations, weight=1.5),
        outcome("episodes that are under way", under_way, weight=1.5),
        outcome("all of it mixed", mixed, weight=1.5),
        outcome("both flags set", both_flags),
        outcome("values that are no numbers where they are not needed", not_a_number),
        outcome("one step, one environment, γ = 0 and 1", edges),
        outcome("ends at and just before the last step", last_steps),
        outcome("inputs stay as they were, however they lie in memory", untouched),
    ]
