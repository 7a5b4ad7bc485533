"""Hidden tests of the assignment ``critic``: one function a task, on random inputs, by independent routes.

The references know nothing of the model solution: Python's own numbers, episode by episode and sum by sum, with
statistics from the standard library; a system that is found by probing the sum of the TD errors, and the values of
the maximum-likelihood model by counting; gradients by difference quotients of a loss in NumPy. Only plain values pass
to and from the student's code (see ``coursekit.grading``).
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import special

from coursekit.grading import Outcome, Student, expect_close, expect_pair, expect_true, outcome
from coursekit.grading.tensors import Call, call_turned, call_untouched, call_with_tensors

# Loose enough for an answer that computes in float32, and far below every mistake.
TOLERANCE = 2e-5

NAN, INF = float("nan"), float("inf")
NO_NUMBERS = (NAN, INF, -INF)


# Task 1 ---------------------------------------------------------------------------------------------------------------


def _first_returns(episodes: list[list[np.ndarray]], state: int, gamma: float) -> list[float]:
    """What followed the first visits to a state, the episodes one after the other, each return as a sum."""
    returns = []
    for states, rewards in episodes:
        if state in states.tolist():
            first = states.tolist().index(state)
            returns.append(math.fsum(gamma**k * r for k, r in enumerate(rewards[first:].tolist())))
    return returns


def first_visits(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Means and standard errors after first visits, against sums and the standard library's statistics."""
    name = "first_visits"

    def draw(count: int, states: int, longest: int) -> list[list[np.ndarray]]:
        lengths = rng.integers(1, longest + 1, count)
        return [[rng.integers(0, states, n), rng.normal(0.5, 2, n)] for n in lengths]

    def compare(
        episodes: list[list[np.ndarray]], states: int, gamma: float, part: str = "both", call: Call = call_with_tensors
    ) -> None:
        V, error = expect_pair(name, call(student, name, [episodes, states, gamma]))
        found = [_first_returns(episodes, k, gamma) for k in range(states)]
        what = f"of {states} states, {len(episodes)} episodes, γ = {gamma:.3g}"
        if part in ("both", "V"):
            means = [statistics.fmean(some) if some else 0.0 for some in found]
            expect_close(f"the values {what}", V, means, tol=TOLERANCE)
        if part in ("both", "error"):
            errors = [statistics.stdev(some) / math.sqrt(len(some)) if len(some) > 1 else INF for some in found]
            expect_close(f"the standard errors {what}", error, errors, tol=TOLERANCE)

    def random(part: str) -> None:
        for count, states, longest in ((12, 4, 7), (30, 3, 12), (6, 2, 5)):
            compare(draw(count, states, longest), states, float(rng.uniform(0.4, 0.95)), part)

    def rare() -> None:
        compare(draw(3, 12, 4), 12, 0.8)
        once = [[np.array([2, 0, 2]), rng.normal(0, 1, 3)], [np.array([0]), rng.normal(0, 1, 1)]]
        compare(once, 5, 0.7)

    def small() -> None:
        compare(draw(1, 1, 1), 1, 0.5)
        compare(draw(1, 3, 6), 3, 0.9)
        compare(draw(5, 1, 4), 1, 0.6)

    def discounts() -> None:
        for gamma in (0, 1, 0.0, 1.0):
            compare(draw(8, 3, 6), 3, gamma)
        long = [[rng.integers(0, 3, 600), rng.normal(0, 1, 600)] for _ in range(3)]
        compare(long, 3, 0.01)
        compare(long, 3, 0.99)

    def alike() -> None:
        one = [rng.integers(0, 6, 9), rng.normal(3, 1, 9)]
        for count in (3, 7, 11):
            episodes = [[array.copy() for array in one] for _ in range(count)]
            V, error = expect_pair(name, call_with_tensors(student, name, [episodes, 6, 0.9]))
            found = [_first_returns(episodes, k, 0.9) for k in range(6)]
            expect_close("the values, all episodes alike", V, [f[0] if f else 0.0 for f in found], tol=TOLERANCE)
            errors = [0.0 if f else INF for f in found]
            expect_close("the standard errors, all episodes alike", error, errors, tol=1e-3)

    def untouched() -> None:
        compare(draw(7, 3, 6), 3, 0.8, call=call_untouched)
        compare(draw(7, 3, 6), 3, 0.8, call=call_turned)

    return [
        outcome("the values", functools.partial(random, "V"), weight=3),
        outcome("their standard errors", functools.partial(random, "error"), weight=2),
        outcome("states that are visited once or never", rare),
        outcome("one episode, one state", small),
        outcome("γ = 0 and 1, long episodes", discounts),
        outcome("episodes that are all alike", alike, weight=0.5),
        outcome("inputs stay as they were, however they lie in memory", untouched),
    ]


# Task 2 ---------------------------------------------------------------------------------------------------------------


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(left, right, strict=True))


def _errors(w: Sequence[float], given: Sequence[np.ndarray], gamma: float) -> list[float]:
    """The TD errors of all transitions under the same weights."""
    phi, rewards, next_phi, terminated = (array.tolist() for array in given)
    ahead = [0.0 if end else gamma * _dot(row, w) for row, end in zip(next_phi, terminated, strict=True)]
    return [r + v - _dot(row, w) for r, v, row in zip(rewards, ahead, phi, strict=True)]


def _one_pass(w: np.ndarray, given: Sequence[np.ndarray], alpha: float, gamma: float) -> tuple[list, list]:
    """Weights and TD errors of one pass, each transition as a batch of its own."""
    w, deltas = w.tolist(), []
    for t, features in enumerate(given[0].tolist()):
        deltas += _errors(w, [array[t : t + 1] for array in given], gamma)
        w = [a + alpha * deltas[-1] * b for a, b in zip(w, features, strict=True)]
    return w, deltas


def _fixed_point(given: Sequence[np.ndarray], gamma: float) -> np.ndarray:
    """Where the summed changes vanish. They are affine in w, so their values at 0 and at the unit vectors say all."""
    phi = given[0]
    at_zero = phi.T @ _errors(np.zeros(phi.shape[1]).tolist(), given, gamma)
    columns = [phi.T @ _errors(unit, given, gamma) - at_zero for unit in np.eye(phi.shape[1]).tolist()]
    return np.linalg.solve(np.array(columns).T, -at_zero)


def td0(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """One pass, transition by transition; the fixed point against probing, and against the counted model."""

    def draw(T: int, d: int, ends: float = 0.3, filling: float = 7.0) -> list[np.ndarray]:
        """Features, rewards, next features (those of the next transition, if the episode goes on) and ends."""
        phi, terminated = rng.normal(0, 1, (T, d)), rng.random(T) < ends
        next_phi = np.concatenate([phi[1:], rng.normal(0, 1, (1, d))])
        next_phi = 0.6 * next_phi + 0.4 * rng.normal(0, 1, (T, d))
        next_phi[terminated] = filling
        return [phi, rng.normal(1, 2, T), next_phi, terminated]

    def solvable(T: int, d: int, gamma: float, ends: float = 0.3, filling: float = 7.0) -> list[np.ndarray]:
        """Transitions whose fixed point does not hang on the last digit."""
        while True:
            given = draw(T, d, ends, filling)
            ahead = np.where(given[3][:, None], 0.0, given[2])
            if np.linalg.cond(given[0].T @ (given[0] - gamma * ahead)) < 30:
                return given

    def one_pass(
        given: list[np.ndarray], gamma: float, alpha: float = 0.3, part: str = "both", call: Call = call_with_tensors
    ) -> None:
        w = rng.normal(0, 1, given[0].shape[1])
        got = call(student, "td0", [w, *given, alpha, gamma])
        after, deltas = expect_pair("td0", got)
        weights, errors = _one_pass(w, given, alpha, gamma)
        what = f"{len(errors)} transitions, {len(w)} features, α = {alpha:.3g}, γ = {gamma:.3g}"
        if part in ("both", "deltas"):
            expect_close(f"the TD errors, {what}", deltas, errors, tol=TOLERANCE)
        if part in ("both", "weights"):
            expect_close(f"the weights, {what}", after, weights, tol=TOLERANCE)

    def passes(part: str) -> None:
        for T, d in ((5, 2), (7, 3), (4, 4)):
            given = draw(T, d, ends=0.0)
            one_pass(given, float(rng.uniform(0.4, 0.9)), float(rng.uniform(0.1, 0.4)), part)

    def ends() -> None:
        for filling in (7.0, *NO_NUMBERS):
            given = draw(6, 3, ends=0.4, filling=filling)
            given[2][2], given[3][2] = filling, True
            one_pass(given, 0.8)

    def small_pass() -> None:
        for T, d in ((1, 1), (1, 3), (6, 1)):
            for gamma in (0, 1):
                one_pass(draw(T, d), gamma, alpha=0.2)
        table = np.eye(3)[rng.integers(0, 3, 12)]  # a table, visited again and again
        one_pass([table, rng.normal(0, 1, 12), np.eye(3)[rng.integers(0, 3, 12)], rng.random(12) < 0.3], 0.9, alpha=1)

    def point(given: list[np.ndarray], gamma: float, call: Call = call_with_tensors) -> None:
        got = call(student, "td_fixed_point", [*given, gamma])
        what = f"the fixed point, {given[0].shape[0]} transitions, {given[0].shape[1]} features, γ = {gamma:.3g}"
        expect_close(what, got, _fixed_point(given, gamma), tol=2e-4)

    def points() -> None:
        for T, d in ((8, 2), (15, 3), (6, 4)):
            gamma = float(rng.uniform(0.5, 0.9))
            point(solvable(T, d, gamma, ends=0.0), gamma)

    def point_ends() -> None:
        for filling in (7.0, *NO_NUMBERS):
            point(solvable(10, 3, 0.8, ends=0.4, filling=filling), 0.8)

    def table() -> None:
        """With a feature for each state, the values of the model that fits the data best, by counting."""
        T, d, gamma = 30, 4, 0.9
        states = np.concatenate([np.arange(d), rng.integers(0, d, T - d)])
        nexts, terminated, rewards = rng.integers(0, d, T), rng.random(T) < 0.3, rng.normal(0, 1, T)
        P, r = np.zeros((d, d)), np.zeros(d)
        for s in range(d):
            here = states == s
            r[s] = rewards[here].mean()
            for k in range(d):
                P[s, k] = (here & ~terminated & (nexts == k)).sum() / here.sum()
        V = np.zeros(d)
        for _ in range(2000):
            V = r + gamma * P @ V
        got = call_with_tensors(
            student, "td_fixed_point", [np.eye(d)[states], rewards, np.eye(d)[nexts], terminated, gamma]
        )
        expect_close("the fixed point with one feature for each state", got, V, tol=2e-4)

    def small_points() -> None:
        point(solvable(1, 1, 0.5), 0.5)
        point(solvable(9, 1, 0.5), 0.5)
        for gamma in (0, 1):
            point(solvable(9, 2, gamma), gamma)
        given = solvable(8, 3, 0.7)
        point([given[0] * 1e-2, given[1], given[2] * 1e-2, given[3]], 0.7)
        # Two states of values w and 2w: each pass of TD(0) makes the error larger, and the system does not mind.
        point([np.array([[1.0]]), np.array([1.0]), np.array([[2.0]]), np.array([False])], 0.9)

    def untouched() -> None:
        for call in (call_untouched, call_turned):
            one_pass(draw(6, 3), 0.8, call=call)
            one_pass(draw(6, 3, filling=NAN), 0.8, call=call)
            point(solvable(8, 3, 0.8), 0.8, call)
            point(solvable(8, 3, 0.8, filling=NAN), 0.8, call)

    return [
        outcome("one pass: the TD errors", functools.partial(passes, "deltas"), weight=2),
        outcome("one pass: the weights", functools.partial(passes, "weights"), weight=2),
        outcome("one pass: real ends", ends, weight=1.5),
        outcome("one pass: one transition, one feature, a table", small_pass),
        outcome("the fixed point", points, weight=2),
        outcome("the fixed point: real ends", point_ends, weight=1.5),
        outcome("the fixed point: a table", table),
        outcome("the fixed point: one feature, small features, γ = 0 and 1", small_points),
        outcome("inputs stay as they were, however they lie in memory", untouched),
    ]


# Task 3 ---------------------------------------------------------------------------------------------------------------


def _lengths(rng: np.random.Generator, episodes: int, steps: int) -> np.ndarray:
    """Lengths of which one is the longest possible, and another, where there is room for it, is shorter."""
    lengths = rng.integers(1, steps + 1, episodes)
    first, *others = rng.permutation(episodes)
    lengths[first] = steps
    if others and steps > 1:
        lengths[others[0]] = rng.integers(1, steps)
    return lengths.astype(np.int64)


def _slices(rewards: list[float], values: list[float], terminated: bool, n: int, gamma: float) -> list[float]:
    """n-step returns of one episode, each as a sum over a slice of its lists; `values` has one entry more."""
    L = len(rewards)
    last = 0.0 if terminated else values[L]
    sums = []
    for t in range(L):
        steps = rewards[t : t + n]
        weights = [gamma**k for k in range(len(steps) + 1)]
        ahead = values[t + n] if t + n < L else last
        sums.append(_dot(weights[:-1], steps) + weights[-1] * ahead)
    return sums


def n_step_returns(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """n-step returns of padded episodes, against sums over each episode's own lists."""
    name = "n_step_returns"

    def draw(episodes: int, steps: int, ends: object = None, filling: float = 4.0) -> list[np.ndarray]:
        lengths = _lengths(rng, episodes, steps)
        terminated = rng.random(episodes) < 0.5 if ends is None else np.full(episodes, ends)
        rewards, values = rng.normal(0, 2, (episodes, steps)), rng.normal(3, 3, (episodes, steps + 1))
        for i, length in enumerate(lengths):
            rewards[i, length:] = filling
            values[i, length + (not terminated[i]) :] = filling
        return [rewards, values, lengths, terminated]

    def compare(given: list[np.ndarray], n: int, gamma: float, call: Call = call_with_tensors) -> None:
        got = call(student, name, [*given, n, gamma])
        rows = []
        for r, v, length, end in zip(*(array.tolist() for array in given), strict=True):
            row = _slices(r[:length], v[: length + 1], end, n, gamma)
            rows.append(row + [0.0] * (len(r) - length))
        what = f"the {n}-step returns of {len(rows)} episodes of at most {len(rows[0])} steps, γ = {gamma:.3g}"
        expect_close(what, got, rows, tol=TOLERANCE)

    def full(ends: bool) -> None:
        for n, steps in ((2, 5), (3, 7), (4, 6)):
            given = draw(3, steps, ends)
            given[2][:] = steps
            given[0], given[1] = rng.normal(0, 2, (3, steps)), rng.normal(3, 3, (3, steps + 1))
            compare(given, n, float(rng.uniform(0.4, 0.9)))

    def lengths() -> None:
        for n in (2, 3, 5):
            compare(draw(6, 7), n, float(rng.uniform(0.4, 0.9)))

    def not_a_number() -> None:
        for filling in (*NO_NUMBERS, 1e300):
            compare(draw(5, 6, filling=filling), 2, 0.8)
            compare(draw(3, 4, True, filling), 9, 0.8)

    def one_step() -> None:
        compare(draw(5, 6), 1, 0.7)
        compare(draw(4, 1), 1, 0.7)

    def many() -> None:
        for n in (6, 7, 40, 1000):
            compare(draw(5, 6), n, 0.85)

    def edges() -> None:
        for gamma in (0, 1, 0.0, 1.0):
            compare(draw(4, 5), 3, gamma)
            compare(draw(4, 5), 8, gamma)
        for sizes in ((1, 1), (1, 5), (3, 1), (2, 2), (3, 3)):
            compare(draw(*sizes), 2, 0.6)
        compare(draw(2, 300), 200, 0.01)
        compare(draw(2, 300), 200, 0.99)

    def untouched() -> None:
        for call in (call_untouched, call_turned):
            compare(draw(4, 5), 2, 0.7, call)
            compare(draw(4, 5, filling=NAN), 2, 0.7, call)

    return [
        outcome("episodes of one length that terminated", functools.partial(full, True), weight=2),
        outcome("episodes of one length that were cut", functools.partial(full, False), weight=2),
        outcome("episodes of different lengths, ended in both ways", lengths, weight=2),
        outcome("what has no meaning is no number", not_a_number),
        outcome("n = 1", one_step),
        outcome("n as long as an episode, and longer", many),
        outcome("γ = 0 and 1, single steps and many", edges),
        outcome("inputs stay as they were, however they lie in memory", untouched),
    ]


# Task 4 ---------------------------------------------------------------------------------------------------------------


def _pieces(terminated: list[bool], truncated: list[bool]) -> list[tuple[int, int]]:
    """First and last step of each episode of one environment; the step behind an episode is a reset."""
    pieces, start = [], 0
    for t in range(len(terminated)):
        if t >= start and (terminated[t] or truncated[t] or t == len(terminated) - 1):
            pieces.append((start, t))
            start = t + 2
    return pieces


def _by_sums(rewards, values, terminated, truncated, gamma, lam) -> tuple[list, list]:
    """Advantages and targets, each estimate as a sum of TD errors over its own episode, as in (AC.17)."""
    everything = []
    for r, v, end, cut in zip(*(a.tolist() for a in (rewards, values, terminated, truncated)), strict=True):
        A, y = [0.0] * len(r), [0.0] * len(r)
        for first, last in _pieces(end, cut):
            ahead = [*v[first + 1 : last + 1], 0.0 if end[last] else v[last + 1]]
            errors = [r[t] + gamma * ahead[t - first] - v[t] for t in range(first, last + 1)]
            for k in range(len(errors)):
                A[first + k] = math.fsum((gamma * lam) ** j * error for j, error in enumerate(errors[k:]))
                y[first + k] = A[first + k] + v[first + k]
        everything.append((A, y))
    return [A for A, _ in everything], [y for _, y in everything]


def advantages(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Advantages and targets of environments that reset themselves, against sums episode by episode."""
    name = "advantages"

    def draw(envs: int, steps: int, ends: float, cuts: float, filling: float = 5.0) -> list[Any]:
        terminated, truncated = (np.zeros((envs, steps), dtype=bool) for _ in range(2))
        for n in range(envs):
            t = 0
            while t < steps:
                terminated[n, t], truncated[n, t] = rng.random() < ends, rng.random() < cuts
                t += 2 if terminated[n, t] or truncated[n, t] else 1
        values = rng.normal(3, 2, (envs, steps + 1))
        values[:, 1:][terminated] = filling
        gamma, lam = rng.uniform(0.5, 0.95), rng.uniform(0.3, 0.9)
        return [rng.normal(0, 2, (envs, steps)), values, terminated, truncated, float(gamma), float(lam)]

    def compare(given: list[Any], part: str = "both", what: str = "", call: Call = call_with_tensors) -> None:
        A, y = expect_pair(name, call(student, name, given))
        by_sums, targets = _by_sums(*given)
        if part in ("both", "A"):
            expect_close(f"the advantages{what}", A, by_sums, tol=TOLERANCE)
        if part in ("both", "y"):
            expect_close(f"the critic's targets{what}", y, targets, tol=TOLERANCE)

    def under_way() -> None:
        compare(draw(3, 6, 0.0, 0.0), "A", " of episodes that are under way")

    def terminations() -> None:
        for _ in range(2):
            compare(draw(4, 10, 0.3, 0.0), "A", " where episodes terminate")

    def truncations() -> None:
        for _ in range(2):
            compare(draw(4, 10, 0.0, 0.3), "A", " where episodes are truncated")

    def mixed(part: str) -> None:
        for _ in range(3):
            compare(draw(5, 14, 0.2, 0.2), part, " where episodes end in both ways")

    def both_flags() -> None:
        given = draw(4, 9, 0.25, 0.0)
        given[3] = given[2].copy()
        compare(given, "A", " where both flags are set")

    def not_a_number() -> None:
        for filling in NO_NUMBERS:
            compare(draw(4, 10, 0.25, 0.2, filling), what=" where the value of an end is no number")
            given = draw(2, 4, 0.0, 0.0)
            given[2][0, -1] = True  # the very last value is that of an end
            given[1][0, -1] = filling
            compare(given, what=" where the last step terminates")

    def corners() -> None:
        for lam, gamma in ((0.0, 0.9), (1.0, 0.9), (0.6, 0.0), (0.6, 1.0), (1.0, 1.0), (0, 0), (1, 1)):
            given = draw(3, 8, 0.2, 0.2)
            given[4:] = [gamma, lam]
            compare(given, what=f", γ = {gamma:g}, λ = {lam:g}")
        long = draw(2, 300, 0.0, 0.0)
        for gamma, lam in ((0.01, 0.01), (0.99, 0.97)):
            compare([*long[:4], gamma, lam], what=f" over 300 steps, γ = {gamma:g}, λ = {lam:g}")

    def small() -> None:
        for sizes in ((1, 1), (3, 1), (1, 8), (2, 2), (3, 2)):
            compare(draw(*sizes, 0.3, 0.3), what=f", {sizes[0]} environments, {sizes[1]} steps")

    def last_steps() -> None:
        given = draw(4, 3, 0.0, 0.0)
        given[2][0, 2] = given[3][1, 2] = given[2][2, 1] = given[3][3, 1] = True
        compare(given, what=" where episodes end at or just before the last step")

    def untouched() -> None:
        for call in (call_untouched, call_turned):
            compare(draw(4, 9, 0.2, 0.2), call=call)
            compare(draw(4, 9, 0.2, 0.2, NAN), call=call)

    return [
        outcome("episodes that are under way", under_way, weight=1.5),
        outcome("episodes that terminate", terminations, weight=1.5),
        outcome("episodes that are truncated", truncations, weight=1.5),
        outcome("all of it mixed: the advantages", functools.partial(mixed, "A"), weight=1.5),
        outcome("all of it mixed: the targets", functools.partial(mixed, "y"), weight=1.5),
        outcome("both flags set", both_flags),
        outcome("the value of an end is no number", not_a_number),
        outcome("γ and λ of 0 and 1, many steps", corners),
        outcome("one step, one environment", small),
        outcome("ends at and just before the last step", last_steps),
        outcome("inputs stay as they were, however they lie in memory", untouched),
    ]


# Task 5 ---------------------------------------------------------------------------------------------------------------

# A net with a shared layer and two heads; a step for each batch, with gradients left over from before each of them.
_STEPS = """
import numpy
import torch

kind = getattr(torch, dtype)


class TwoHeads(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = torch.nn.ParameterList(torch.tensor(array, dtype=kind) for array in weights)

    def forward(self, x):
        W, b, U, a, u, k = self.weights
        hidden = torch.tanh(x @ W + b)
        return hidden @ U + a, hidden @ u + k[0]


the_net = TwoHeads()
the_optimizer = getattr(torch.optim, optimizer)(the_net.parameters(), **settings)
counted = []
the_optimizer.register_step_post_hook(lambda *_: counted.append(1))
numbers, trail, counts, same = [], [], [], True
for batch in batches:
    given = [torch.tensor(array) for array in batch]
    given = [tensor.to(kind) if tensor.is_floating_point() else tensor for tensor in given]
    copies = [tensor.clone() for tensor in given]
    if stale is not None:
        for p in the_net.parameters():
            p.grad = torch.full_like(p, stale)
    numbers.append(actor_critic_step(the_net, the_optimizer, *given, *knobs))
    trail.append([p.detach().clone() for p in the_net.parameters()])
    counts.append(len(counted))
    same = same and all(numpy.array_equal(a, b, equal_nan=a.is_floating_point()) for a, b in zip(given, copies))
result = {
    "numbers": numbers,
    "trail": trail,
    "counts": counts,
    "same": same,
    "trainable": all(p.requires_grad for p in the_net.parameters()),
}
"""

HEADS = {"shared": (0, 1), "policy": (2, 3), "critic": (4, 5)}


def _forward(weights: Sequence[np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of the policy (B, K), and values (B,)."""
    W, b, U, a, u, k = weights
    hidden = np.tanh(x @ W + b)
    return special.log_softmax(hidden @ U + a, axis=1), hidden @ u + k[0]


def _parts(weights: Sequence[np.ndarray], batch: Sequence[np.ndarray], held: tuple) -> tuple[float, float, float]:
    """The two losses and the entropy, with advantages and targets that are given numbers."""
    (log_pi, v), (advantage, y), rows = _forward(weights, batch[0]), held, np.arange(len(batch[1]))
    policy = -float((advantage * log_pi[rows, batch[1]]).mean())
    return policy, float(((y - v) ** 2).mean()), float(special.entr(np.exp(log_pi)).sum(axis=1).mean())


def _held(weights: Sequence[np.ndarray], batch: Sequence[np.ndarray], gamma: float) -> tuple[np.ndarray, np.ndarray]:
    """Advantages and targets under these weights, step by step."""
    obs, _, rewards, next_obs, terminated = batch
    v = _forward(weights, obs)[1]
    y = [
        r if end else r + gamma * _forward(weights, after[None])[1][0]
        for r, after, end in zip(rewards, next_obs, terminated, strict=True)
    ]
    return np.array(y) - v, np.array(y)


class _Descent:
    """SGD with momentum, or Adam (Kingma and Ba, 2015), written out for a list of arrays."""

    def __init__(self, weights: Sequence[np.ndarray], optimizer: str, settings: dict[str, Any]):
        self.weights = [w.copy() for w in weights]
        self.adam, self.settings, self.count = optimizer == "Adam", settings, 0
        self.first, self.second = ([np.zeros_like(w) for w in weights] for _ in range(2))

    def step(self, slopes: Sequence[np.ndarray]) -> None:
        self.count += 1
        old, square = self.settings.get("betas", [self.settings.get("momentum", 0.0), 0.0])
        for i, slope in enumerate(slopes):
            self.first[i] = old * self.first[i] + ((1 - old) if self.adam else 1.0) * slope
            move = self.first[i]
            if self.adam:
                self.second[i] = square * self.second[i] + (1 - square) * slope**2
                size = np.sqrt(self.second[i] / (1 - square**self.count))
                move = move / (1 - old**self.count) / (size + self.settings["eps"])
            self.weights[i] = self.weights[i] - self.settings["lr"] * move


def _reference_steps(case: dict[str, Any], width: float = 1e-4) -> tuple[list, list]:
    """Numbers and weights of each step, with the gradient as a difference quotient of fourth order."""
    gamma, c, beta = case["knobs"]
    descent = _Descent(case["weights"], case["optimizer"], case["settings"])
    numbers, trail = [], []
    for batch in case["batches"]:
        weights = descent.weights
        held = _held(weights, batch, gamma)
        numbers.append(_parts(weights, batch, held))

        def loss(i: int, place: tuple, by: float, weights=weights, batch=batch, held=held) -> float:
            moved = [w.copy() for w in weights]
            moved[i][place] += by
            policy, critic, entropy = _parts(moved, batch, held)
            return policy + c * critic - beta * entropy

        slopes = [np.zeros_like(w) for w in weights]
        for i, slope in enumerate(slopes):
            for place in np.ndindex(slope.shape):
                near, far = (loss(i, place, h) - loss(i, place, -h) for h in (width, 2 * width))
                slope[place] = (8 * near - far) / (12 * width)
        descent.step(slopes)
        trail.append([w.copy() for w in descent.weights])
    return numbers, trail


def actor_critic_step(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Weights of both heads and of what they share, and the three numbers, against difference quotients."""

    def case(
        B: int = 6, K: int = 3, c: float = 0.6, beta: float = 0.0, steps: int = 1, ends: float = 0.0, **how: Any
    ) -> dict[str, Any]:
        d, h = 2, 3
        sizes = [(d, h), (h,), (h, K), (K,), (h,), (1,)]
        scales = [0.9, 0.3, 0.9 * how.get("scale", 1.0), 0.3, 1.2, 0.5]
        batches = []
        for _ in range(steps):
            terminated, next_obs = rng.random(B) < ends, rng.normal(0, 1, (B, d))
            if ends:
                terminated[0] = True
            next_obs[terminated] = how.get("filling", 2.0)
            actions, rewards = rng.integers(0, K, B), rng.normal(1, 2, B)
            batches.append([rng.normal(0, 1, (B, d)), actions, rewards, next_obs, terminated])
        settings = {"SGD": {"lr": 0.2}, "momentum": {"lr": 0.1, "momentum": 0.9}, "Adam": _ADAM}
        optimizer = how.get("optimizer", "SGD")
        return {
            "weights": [rng.normal(0, scale, size) for scale, size in zip(scales, sizes, strict=True)],
            "batches": batches,
            "knobs": [how.get("gamma", 0.8), c, beta],
            "optimizer": "Adam" if optimizer == "Adam" else "SGD",
            "settings": settings[optimizer],
            "stale": how.get("stale"),
            "dtype": how.get("dtype", "float64"),
        }

    def compare(given: dict[str, Any], *parts: str, numbers: str = "", what: str = "", tol: float = 1e-6) -> None:
        got = student.run(_STEPS, **given)
        wanted, trail = _reference_steps(given)
        for t, (left, right) in enumerate(zip(got["trail"], trail, strict=True), start=1):
            for part in parts:
                for i in HEADS[part]:
                    where = "the shared layer" if part == "shared" else f"the head of the {part}"
                    expect_close(f"array {i} of the net, in {where}, after step {t}{what}", left[i], right[i], tol=tol)
        for told, right in zip(got["numbers"], wanted, strict=True):
            if numbers:
                expect_true(f"expected three numbers, got {told!r:.60}", isinstance(told, list) and len(told) == 3)
                for name, one, other in zip(("L_π", "L_V", "the entropy"), told, right, strict=True):
                    expect_close(f"{name} before the step{numbers}", one, other, tol=max(tol, TOLERANCE))

    def part(name: str) -> None:
        for given in (case(), case(8, 2, c=1.5), case(3, 4, c=0.3)):
            compare(given, name)

    def entropy() -> None:
        for given in (case(beta=0.7), case(5, 2, c=0.0, beta=1.3), case(4, 4, beta=0.2)):
            compare(given, *HEADS, what=f", β = {given['knobs'][2]:g}")

    def no_critic() -> None:
        for c in (0.0, 0):
            compare(case(c=c), *HEADS, what=", c = 0")

    def returned() -> None:
        for given in (case(beta=0.3), case(2, 2, c=2.0, beta=0.5, ends=0.5), case(1, 3), case(7, 5, steps=2)):
            compare(given, numbers=", as it is returned")

    def ends() -> None:
        for filling in (2.0, *NO_NUMBERS):
            compare(case(7, ends=0.5, filling=filling), *HEADS, numbers=" with real ends", what=", with real ends")
        compare(case(4, ends=1.0, filling=NAN), *HEADS, what=", where all steps end")

    def stale() -> None:
        compare(case(beta=0.1, stale=0.4), *HEADS, what=", with gradients left over from before")
        compare(case(beta=0.1, steps=3), *HEADS, what=" of three")

    def optimizers() -> None:
        for optimizer in ("momentum", "Adam"):
            given = case(beta=0.1, steps=3, ends=0.3, optimizer=optimizer, stale=0.4)
            compare(given, *HEADS, what=f" with {optimizer}", tol=1e-5)

    def edges() -> None:
        for given in (case(1, 3, beta=0.2), case(1, 1), case(3, 3, beta=0.2), case(5, 1), case(2, 2, gamma=1)):
            compare(given, *HEADS, numbers="", what=f", {len(given['batches'][0][1])} steps")
        compare(case(gamma=0), *HEADS, what=", γ = 0")

    def large() -> None:
        given = case(6, 3, beta=0.4, scale=500.0)
        got = student.run(_STEPS, **given)
        wanted, _ = _reference_steps(given)
        for told, right in zip(got["numbers"], wanted, strict=True):
            expect_true(f"expected three numbers, got {told!r:.60}", isinstance(told, list) and len(told) == 3)
            expect_close("the numbers for logits of many hundreds", told, right, tol=TOLERANCE)
        finite = all(np.isfinite(array).all() for step in got["trail"] for array in step)
        expect_true("the weights are no numbers after a step with logits of many hundreds", finite)

    def behaves() -> None:
        given = case(ends=0.4, steps=3, filling=NAN)
        got = student.run(_STEPS, **given)
        expect_true("in each call optimizer.step() is called once", got["counts"] == [1, 2, 3])
        expect_true("one of the tensors of the batch was changed", got["same"])
        expect_true("parameters are left that require no gradient", got["trainable"])
        compare(given, *HEADS)
        compare(case(beta=0.2, ends=0.3, dtype="float32"), *HEADS, numbers=" in float32", what=", float32", tol=2e-4)

    return [
        outcome("the head of the policy", functools.partial(part, "policy"), weight=2),
        outcome("the head of the critic", functools.partial(part, "critic"), weight=2),
        outcome("the shared layer", functools.partial(part, "shared"), weight=2),
        outcome("the entropy", entropy, weight=1.5),
        outcome("c = 0", no_critic),
        outcome("the numbers that are returned", returned, weight=2),
        outcome("real ends", ends, weight=1.5),
        outcome("gradients left over from before", stale),
        outcome("momentum and Adam", optimizers),
        outcome("batches of one, one action, γ = 0 and 1", edges),
        outcome("large logits", large),
        outcome("one step, inputs that stay as they were, float32", behaves),
    ]


_ADAM = {"lr": 0.02, "betas": [0.9, 0.999], "eps": 1e-3}
