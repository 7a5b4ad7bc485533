"""Hidden tests of the assignment ``dann``: one function a task, on random inputs, against independent references.

The references know nothing of the model solution: gradients that are written out, many digits (mpmath), SciPy's
Kolmogorov-Smirnov statistic and a count in whole numbers, explicit gradients of each loss with hand-written
optimisers, scikit-learn's kernels and confusion matrices, and exact fractions (SymPy).
Only plain values pass to and from the student's code (see ``coursekit.grading``).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import sympy
import torch
from scipy.special import expit, log_expit, log_softmax
from scipy.stats import ks_2samp
from sklearn.metrics import confusion_matrix
from sklearn.metrics.pairwise import rbf_kernel

from coursekit.grading import Outcome, Student, expect_close, expect_pair, expect_true, outcome
from coursekit.grading.tensors import NET, Arrays, expect_value_error, rounded

TOLERANCE = {"float64": 1e-6, "float32": 1e-4}  # as the exercise promises


# Task 1 ---------------------------------------------------------------------------------------------------------------

# `way` says how f enters the loss. `0 * f.sum()` lets a loss that has lost f come out with a gradient of zeros.
_REVERSE = """
import numpy
import torch

kind = getattr(torch, dtype)


def tensor(array):
    made = torch.tensor(array, dtype=kind)
    return made.transpose(0, -1).contiguous().transpose(0, -1) if strided else made


f, other = tensor(features).requires_grad_(), tensor(features).requires_grad_()
w, v = tensor(arrives), tensor(arrives_too)
weights = [torch.tensor(lam, dtype=kind) if isinstance(lam, numpy.ndarray) else lam for lam in lams]
before = [lam.clone() if isinstance(lam, torch.Tensor) else lam for lam in weights]
out = reverse_gradient(f, weights[0])
if not isinstance(out, torch.Tensor):
    raise TypeError(f"the result must be a tensor, not a {type(out).__name__}")
if way == "plain":
    total = (w * out).sum()
elif way == "curved":
    total = (w * torch.sin(out)).sum()
elif way == "squared":
    total = (out**2).sum() / 2
elif way == "two calls":
    total = (w * out).sum() + (v * reverse_gradient(f, weights[1])).sum()
elif way == "one after the other":
    total = (w * reverse_gradient(out, weights[1])).sum()
elif way == "direct as well":
    total = (v * f).sum() + (w * out).sum()
elif way == "in between":
    inner = torch.tanh(f)
    total = (w * reverse_gradient(inner, weights[0])).sum() + (v * inner).sum()
elif way == "shared":
    total = (w * (out + other)).sum()
leaves = [f, other]
slopes = torch.autograd.grad(total + 0 * f.sum() + 0 * other.sum(), leaves)
same = [bool((a == b).all()) if isinstance(a, torch.Tensor) else a == b for a, b in zip(weights, before)]
result = {
    "out": out, "by_f": slopes[0], "by_other": slopes[1], "kind": str(out.dtype), "same": all(same), "after": f,
}
"""

_CALM = """
import torch

f = torch.tensor(features, dtype=torch.float64)
weight = torch.tensor(lam, dtype=torch.float64) if per_sample else lam
first = reverse_gradient(f, weight)
with torch.no_grad():
    second = reverse_gradient(f.clone().requires_grad_(), weight)
result = [first, second, f]
"""


def reverse_gradient(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Values and gradients of the reversal layer, against gradients that are written out."""
    shapes = ((4, 3), (5,), (3, 2, 2), (3, 3), (2, 3, 4, 2), (2, 2, 2, 2), (1, 4), (1,))

    def run(shape: Sequence[int], lams: Sequence[Any], way: str = "plain", **how: Any) -> tuple[dict, Arrays]:
        given = {name: rng.normal(0, 2, shape) for name in ("features", "arrives", "arrives_too")}
        settings = {"dtype": "float64", "strided": False} | how
        got = student.run(_REVERSE, **given, lams=list(lams), way=way, **settings)
        given = rounded(given, settings["dtype"])
        exact = np.shape(got["out"]) == tuple(shape) and np.array_equal(got["out"], given["features"])
        expect_true(f"the output for f of shape {tuple(shape)} is not exactly f", exact)
        expect_true(f"expected an output of {settings['dtype']}", got["kind"] == f"torch.{settings['dtype']}")
        expect_true("the input f was changed", np.array_equal(got["after"], given["features"]))
        expect_true("the input lam was changed", got["same"])
        return got, given

    def spread(lam: Any, array: np.ndarray) -> np.ndarray:
        """``lam`` for every entry of ``array``, written out sample by sample."""
        if np.ndim(lam) == 0:
            return np.full(array.shape, float(lam))
        return np.stack([np.full(array.shape[1:], value) for value in lam])

    def compare(shape: Sequence[int], lam: Any, **how: Any) -> None:
        got, given = run(shape, [lam], **how)
        dtype = how.get("dtype", "float64")
        kind = "one number" if np.ndim(lam) == 0 else "a number for each sample"
        expect_close(
            f"the gradient by f of shape {tuple(shape)}, lam {kind}, {dtype}",
            got["by_f"],
            -spread(lam, given["arrives"]) * given["arrives"],
            tol=TOLERANCE[dtype],
        )

    def numbers() -> None:
        for shape in shapes:
            for lam in (1.0, float(rng.uniform(0.05, 0.9)), int(rng.integers(2, 30)), 0.0):
                compare(shape, lam)

    def samples() -> None:
        for shape in shapes:
            compare(shape, rng.uniform(0, 3, shape[0]))
            compare(shape, rng.choice([0.0, 1.0, 0.25, 7.0], shape[0]))

    def curved() -> None:
        for shape in ((4, 3), (3, 2, 2)):
            for lam in (0.7, rng.uniform(0, 2, shape[0])):
                got, given = run(shape, [lam], "curved")
                slope = given["arrives"] * np.cos(given["features"])
                expect_close("the gradient of a loss of the sine", got["by_f"], -spread(lam, slope) * slope)
                got, given = run(shape, [lam], "squared")
                slope = given["features"]
                expect_close("the gradient of half the squared norm", got["by_f"], -spread(lam, slope) * slope)

    def several() -> None:
        for first, second in ((0.3, 2.5), (2.0, 0.0), (rng.uniform(0, 2, 3), rng.uniform(0, 2, 3)), (1.0, 0.5)):
            got, given = run((3, 2), [first, second], "two calls")
            w, v = given["arrives"], given["arrives_too"]
            expected = -spread(first, w) * w - spread(second, v) * v
            expect_close("the gradient by f of a loss with two calls", got["by_f"], expected)
            got, given = run((3, 2), [first, second], "one after the other")
            w = given["arrives"]
            expected = spread(first, w) * spread(second, w) * w
            expect_close("the gradient through two layers, one after the other", got["by_f"], expected)

    def elsewhere() -> None:
        for lam in (0.4, 3.0, rng.uniform(0, 2, 3)):
            got, given = run((3, 3), [lam], "direct as well")
            w, v = given["arrives"], given["arrives_too"]
            expect_close("the gradient where f enters directly as well", got["by_f"], v - spread(lam, w) * w)
            got, given = run((3, 3), [lam], "in between")
            w, v = given["arrives"], given["arrives_too"]
            slope = 1 - np.tanh(given["features"]) ** 2
            expected = (v - spread(lam, w) * w) * slope
            expect_close("the gradient where features of a network go both ways", got["by_f"], expected)

    def shared() -> None:
        for lam in (0.4, 2.0, rng.uniform(0, 2, 3)):
            got, given = run((3, 3), [lam], "shared")
            w = given["arrives"]
            expect_close("the gradient by what is added to the output", got["by_other"], w)
            expect_close("the gradient by f, where something is added to the output", got["by_f"], -spread(lam, w) * w)

    def calm() -> None:
        for shape in ((3, 2), (2, 2, 2)):
            for lam in (0.5, rng.uniform(0, 2, shape[0])):
                features = rng.normal(0, 2, shape)
                per_sample = np.ndim(lam) > 0
                for got in student.run(_CALM, features=features, lam=lam, per_sample=per_sample):
                    expect_close("the output where no gradient is wanted", got, features, tol=1e-12)
                compare(shape, lam)  # a function that hands f on earns nothing here

    def dtypes() -> None:
        for dtype in TOLERANCE:
            for shape in ((4, 3), (3, 2, 2)):
                for lam in (0.3, rng.uniform(0, 3, shape[0])):
                    compare(shape, lam, dtype=dtype)
                    compare(shape, lam, dtype=dtype, strided=True)

    return [
        outcome("one number for all samples", numbers, weight=2),
        outcome("a number for each sample", samples, weight=2),
        outcome("losses that are not linear", curved),
        outcome("several calls in one loss", several),
        outcome("features that go other ways, too", elsewhere),
        outcome("a gradient that others share", shared),
        outcome("features that require no gradient", calm),
        outcome("dtypes, and inputs that are views", dtypes),
    ]


# Task 2 ---------------------------------------------------------------------------------------------------------------


def _schedule(step: int, start: int, end: int, gamma: float, lam_max: float) -> float:
    """The schedule as it is written, with 80 digits; a straight line for gamma = 0."""
    if step <= start:
        return 0.0
    if step >= end:
        return lam_max
    with mpmath.workdps(80):
        p, g = mpmath.mpf(step - start) / (end - start), mpmath.mpf(gamma)
        if g == 0:
            return float(lam_max * p)
        return float(lam_max * (2 / (1 + mpmath.exp(-g * p)) - 1) / (2 / (1 + mpmath.exp(-g)) - 1))


def lam_schedule(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """The schedule against its formula in many digits."""

    def compare(step: np.ndarray, start: int, end: int, gamma: float, lam_max: float) -> None:
        expected = np.vectorize(_schedule, otypes=[float])(step, start, end, gamma, lam_max)
        # The inputs come back with the answer, so that nobody changes them unseen.
        snippet = "value = lam_schedule(step, start, end, gamma, lam_max)\nresult = [value, step]"
        answer = student.run(snippet, step=step, start=start, end=end, gamma=gamma, lam_max=lam_max)
        what = f"lambda for start {start}, end {end}, gamma {gamma:.3g} and lam_max {lam_max:.3g}"
        scale = lam_max or 1.0
        expect_true(
            f"{what}: expected an array of the shape {step.shape}, got {np.shape(answer[0])}",
            np.shape(answer[0]) == step.shape,
        )
        got = np.asarray(answer[0], dtype=float) / scale
        expect_close(f"{what}, over lam_max", got, expected / scale, tol=1e-6)
        expect_true("the input step was changed", np.array_equal(answer[1], step))

    def usual() -> None:
        for gamma in (10.0, 1.0, 3, float(rng.uniform(0.2, 20))):
            start = int(rng.integers(0, 50))
            end = start + int(rng.integers(20, 400))
            lam_max = float(rng.uniform(0.05, 3))
            compare(rng.integers(start, end + 1, 20), start, end, gamma, lam_max)
            compare(np.arange(0, 30), 0, 30, gamma, 1.0)

    def outside() -> None:
        for gamma in (10.0, 0.8, 0.0, 2000.0):
            compare(np.arange(0, 300, 7), 100, 200, gamma, 0.7)
            compare(np.array([5, 6, 7]), 6, 7, gamma, 2.0)
            compare(np.array([0, 10**6]), 3, 17, gamma, 0.1)

    def line() -> None:
        for gamma in (0, 0.0):
            compare(rng.integers(0, 500, 20), 100, 400, gamma, 2.0)

    def tiny() -> None:
        for gamma in (1e-14, 1e-10, 1e-6, 1e-3, 0.05, 0.5):
            compare(rng.integers(0, 500, 20), 50, 450, gamma, 1.3)

    def steep() -> None:
        for gamma in (50.0, 800.0, 1500.0, 10_000.0):
            compare(np.concatenate([np.arange(12), rng.integers(0, 1200, 10)]), 2, 1000, gamma, 0.5)

    def shapes() -> None:
        for shape in ((1,), (3, 4), (2, 2, 3)):
            compare(rng.integers(0, 200, shape), 20, 150, 4.0, 1.0)
        compare(rng.integers(0, 200, 6), 20, 150, 4.0, 0.0)
        compare(rng.integers(0, 200, 6), 20, 150, 4.0, 20)

    return [
        outcome("steps between start and end", usual, weight=2),
        outcome("steps before the start and after the end", outside),
        outcome("gamma = 0", line),
        outcome("a tiny gamma", tiny),
        outcome("a large gamma", steep),
        outcome("arrays of several shapes, other lam_max", shapes),
    ]


# Task 3 ---------------------------------------------------------------------------------------------------------------


def _stumps(f_s: np.ndarray, f_t: np.ndarray) -> list[tuple[int, int, float, float]]:
    """Every way to cut a feature: (advantage, feature, value below the cut, value above it).

    The advantage is a whole number, n m (P_s[below] - P_t[below]), so that ties are seen.
    """
    n, m, cuts = len(f_s), len(f_t), []
    for j in range(f_s.shape[1]):
        values = sorted({*f_s[:, j].tolist(), *f_t[:, j].tolist()})
        for low, high in itertools.pairwise(values):
            below_s, below_t = (sum(v <= low for v in f[:, j].tolist()) for f in (f_s, f_t))
            cuts.append((below_s * m - below_t * n, j, low, high))
    return cuts


def _clear(given: Sequence[np.ndarray]) -> float | None:
    """The held-out distance of the best stump; ``None`` if another one is as good, or a value lies within its cut."""
    f_s, f_t, held_s, held_t = given
    cuts = _stumps(f_s, f_t)
    size = max((abs(cut[0]) for cut in cuts), default=0)
    if size == 0:
        return 0.0
    best = [cut for cut in cuts if abs(cut[0]) == size]
    if len(best) > 1:
        return None
    advantage, j, low, high = best[0]
    if any(low < v < high for held in (held_s, held_t) for v in held[:, j].tolist()):
        return None
    below_s, below_t = ((held[:, j] <= low).mean() for held in (held_s, held_t))
    return float(2 * math.copysign(1, advantage) * (below_s - below_t))


def a_distance(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """The fitted distance against SciPy's Kolmogorov-Smirnov statistic, the held-out one against a count."""

    def fitted(f_s: np.ndarray, f_t: np.ndarray) -> float:
        return 2 * max(float(ks_2samp(f_s[:, j], f_t[:, j]).statistic) for j in range(f_s.shape[1]))

    def draw(sizes: Sequence[int], dim: int, shift: float = 0.7, whole: bool = False, turn: bool = False) -> list:
        """Four arrays with one best stump; ``whole`` rounds values so that many are equal."""
        for _ in range(1000):
            moves = shift * rng.normal(0, 1, dim)
            given = [
                rng.normal(0, 1, (size, dim)) + side * moves for size, side in zip(sizes, (1, 0, 1, 0), strict=True)
            ]
            if turn:
                given[2:] = given[:1:-1]
            if whole:
                given = [np.round(2 * f) / 2 for f in given]
            if not whole:
                given = _outside_of_the_cut(given)
            if all(len(f) for f in given) and _clear(given) is not None:
                return given
        raise RuntimeError("no draw with one best stump")

    def _outside_of_the_cut(given: list) -> list:
        """Leave out held-out samples that lie where the threshold may lie anywhere."""
        _, j, low, high = max(_stumps(*given[:2]), key=lambda cut: abs(cut[0]))
        return given[:2] + [held[(held[:, j] <= low) | (held[:, j] >= high)] for held in given[2:]]

    def ask(given: Sequence[np.ndarray]) -> tuple[Any, Any]:
        names = ("f_s", "f_t", "held_s", "held_t")
        snippet = "value = a_distance(f_s, f_t, held_s, held_t)\nresult = [value, f_s, f_t, held_s, held_t]"
        value, *after = student.run(snippet, **dict(zip(names, given, strict=True)))
        for name, left, right in zip(names, after, given, strict=True):
            expect_true(f"the input {name} was changed", np.array_equal(left, right))
        return expect_pair("a_distance", value)

    def compare(given: Sequence[np.ndarray], which: str = "both") -> None:
        sizes = f"{len(given[0])} and {len(given[1])} samples, {given[0].shape[1]} features"
        got = ask(given)
        if which in ("both", "fitted"):
            expect_close(f"the fitted distance, {sizes}", got[0], fitted(*given[:2]))
        if which in ("both", "held out"):
            expect_close(f"the held-out distance, {sizes}", got[1], _clear(given))

    cases = [
        draw(sizes, dim)
        for sizes, dim in (((15, 15, 20, 20), 1), ((12, 31, 20, 9), 3), ((40, 17, 10, 30), 2), ((23, 23, 23, 23), 4))
    ]

    def usual(which: str) -> None:
        for given in cases:
            compare(given, which)

    def uneven() -> None:
        for sizes in ((5, 90, 40, 40), (80, 7, 6, 70)):
            for _ in range(3):
                compare(draw(sizes, 2))

    def directions() -> None:
        for given in (draw((21, 16, 30, 30), 1, 1.0), draw((18, 25, 30, 30), 3, 1.0)):
            compare(given)
            compare([-f for f in given])
            compare([given[1], given[0], given[3], given[2]])

    def equal_values() -> None:
        for sizes, dim in (((25, 32, 20, 20), 1), ((14, 33, 15, 15), 2), ((40, 27, 50, 50), 3)):
            for _ in range(3):
                compare(draw(sizes, dim, whole=True))
        for _ in range(3):  # features that are 0 or 1
            given = [(f > 0.4).astype(float) for f in draw((20, 27, 25, 25), 3)]
            if _clear(given) is not None:
                compare(given)

    def negative() -> None:
        for sizes, dim in (((16, 21, 30, 30), 1), ((30, 25, 30, 30), 2)):
            given = draw(sizes, dim, 1.5, turn=True)
            compare(given)

    def extremes() -> None:
        line = rng.normal(0, 1, (9, 1))
        compare([line + 20, line[:7], line[:4] + 20, line[:6]])
        compare([np.array([[value]]) for value in (0.0, 1.0, 2.0, -1.0)])
        few = [
            np.array([[0.0, 3.0]]),
            np.array([[0.0, 4.0], [0.0, 5.0]]),
            np.array([[1.0, 2.0]]),
            np.array([[2.0, 1.0]]),
        ]
        compare(few)
        flat = [np.full((n, 2), 0.5) for n in (4, 6)] + [rng.normal(0, 1, (5, 2)), rng.normal(3, 1, (4, 2))]
        compare(flat)
        same = line[:8]  # shares of eight are exact, so no stump seems better than 1/2 by rounding
        compare([same, same[::-1].copy(), line + 1, line - 1])

    def scales() -> None:
        given = draw((22, 19, 25, 25), 3)
        for factors in ((1e-9, 1.0, 1e9), (1e6, 1e6, 1e6)):
            compare([f * np.array(factors) for f in given])
        moved = [f + 1000.0 for f in given]
        if _clear(moved) is not None:
            compare(moved)
        skewed = [np.exp(3 * f) for f in given]  # the order is the same, the spaces are not
        compare(skewed)

    def many() -> None:
        for sizes, dim in (((150, 190, 90, 90), 3), ((210, 170, 80, 120), 2), ((110, 240, 150, 150), 6)):
            compare(draw(sizes, dim, 0.3))

    return [
        outcome("the fitted distance", functools.partial(usual, "fitted"), weight=2),
        outcome("the held-out distance", functools.partial(usual, "held out"), weight=2),
        outcome("domains of very different sizes", uneven),
        outcome("both directions", directions),
        outcome("values that occur several times", equal_values, weight=2),
        outcome("held-out distances below 0", negative),
        outcome("domains apart, equal, or of one sample", extremes),
        outcome("features of any scale", scales),
        outcome("hundreds of samples, up to six features", many),
    ]


# Task 4 ---------------------------------------------------------------------------------------------------------------

_STEPS = (
    NET
    + """
import torch

kind = getattr(torch, dtype)

the_F, the_C, the_D = nets = [net(weights) for weights in (weights_F, weights_C, weights_D)]
every = [p for module in nets for p in module.parameters()]
the_optimizer = getattr(torch.optim, optimizer)(every, **settings)
calls = []
the_optimizer.register_step_post_hook(lambda *_: calls.append(1))

losses, trail, counts, untouched = [], [], [], True
for x, y, s in zip(xs, ys, sources):
    given = [torch.tensor(x, dtype=kind), torch.tensor(y), torch.tensor(s)]
    copies = [tensor.clone() for tensor in given]
    if stale is not None:
        for p in every:
            p.grad = torch.full_like(p, stale)
    losses.append(dann_step(the_F, the_C, the_D, the_optimizer, *given, lam))
    trail.append([[p.detach().clone().numpy() for p in module.parameters()] for module in nets])
    counts.append(len(calls))
    untouched = untouched and all(torch.equal(a, b) for a, b in zip(given, copies))
result = {
    "losses": losses,
    "trail": trail,
    "counts": counts,
    "untouched": untouched,
    "trainable": all(p.requires_grad for p in every),
}
"""
)


def _perceptron(weights: Sequence[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    for i in range(0, len(weights), 2):
        x = (torch.tanh(x) if i else x) @ weights[i].T + weights[i + 1]
    return x


class _Optimizer:
    """SGD with momentum, or Adam (Kingma and Ba, 2015), written out for a list of arrays."""

    def __init__(self, weights: list[np.ndarray], name: str, settings: dict):
        self.weights = [w.copy() for w in weights]
        self.name, self.settings, self.count = name, settings, 0
        self.first = [np.zeros_like(w) for w in weights]
        self.second = [np.zeros_like(w) for w in weights]

    def step(self, gradients: Sequence[np.ndarray]) -> None:
        self.count += 1
        lr = self.settings["lr"]
        for i, gradient in enumerate(gradients):
            if self.name == "SGD":
                self.first[i] = self.settings.get("momentum", 0.0) * self.first[i] + gradient
                self.weights[i] = self.weights[i] - lr * self.first[i]
                continue
            beta1, beta2 = self.settings["betas"]
            self.first[i] = beta1 * self.first[i] + (1 - beta1) * gradient
            self.second[i] = beta2 * self.second[i] + (1 - beta2) * gradient**2
            first = self.first[i] / (1 - beta1**self.count)
            second = self.second[i] / (1 - beta2**self.count)
            self.weights[i] = self.weights[i] - lr * first / (np.sqrt(second) + 1e-8)


def _by_logits(c: np.ndarray, a: np.ndarray, y: np.ndarray, s: np.ndarray) -> tuple:
    """L_y and L_d in NumPy, and their gradients by the logits of C and of D, written out."""
    by_c, by_a = np.zeros_like(c), np.zeros_like(a)
    labelled = [i for i in range(len(y)) if y[i] >= 0]
    loss_y = loss_d = 0.0
    for i in labelled:
        log_p = log_softmax(c[i])
        loss_y -= log_p[y[i]] / len(labelled)
        by_c[i] = np.exp(log_p) / len(labelled)
        by_c[i, y[i]] -= 1 / len(labelled)
    for domain, sign in ((True, 1.0), (False, -1.0)):
        members = [i for i in range(len(s)) if bool(s[i]) is domain]
        for i in members:
            loss_d -= log_expit(sign * a[i, 0]) / len(members)
            by_a[i] = -sign * expit(-sign * a[i, 0]) / len(members)
    return float(loss_y), float(loss_d), by_c, by_a


def _reference_steps(case: dict) -> tuple[list, list]:
    """Losses and weights after each step: gradients of (DANN.6), each loss for itself and each part for itself."""
    parts = [case["weights_F"], case["weights_C"], case["weights_D"]]
    sizes = [len(part) for part in parts]
    optimizer = _Optimizer([w for part in parts for w in part], case["optimizer"], case["settings"])
    losses, trail = [], []
    for x, y, s in zip(case["xs"], case["ys"], case["sources"], strict=True):
        every = [torch.tensor(w, requires_grad=True) for w in optimizer.weights]
        F, C, D = (every[end - size : end] for size, end in zip(sizes, itertools.accumulate(sizes), strict=True))
        f = _perceptron(F, torch.tensor(x))
        c, a = _perceptron(C, f), _perceptron(D, f)
        loss_y, loss_d, by_c, by_a = _by_logits(c.detach().numpy(), a.detach().numpy(), y, s)
        grad = functools.partial(torch.autograd.grad, retain_graph=True)
        of_y, of_d = grad(c, [*F, *C], torch.tensor(by_c)), grad(a, [*F, *D], torch.tensor(by_a))
        split = len(F)
        by_F = [left - case["lam"] * right for left, right in zip(of_y[:split], of_d[:split], strict=True)]
        optimizer.step([g.numpy() for g in (*by_F, *of_y[split:], *of_d[split:])])
        losses.append([loss_y, loss_d])
        now = [w.copy() for w in optimizer.weights]
        trail.append([now[end - size : end] for size, end in zip(sizes, itertools.accumulate(sizes), strict=True)])
    return losses, trail


def dann_step(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Weights of the three networks and losses after one and several steps, against explicit gradients."""

    def weights(*sizes: int, scale: float = 0.8) -> list[np.ndarray]:
        return [a for n, m in itertools.pairwise(sizes) for a in (rng.normal(0, scale, (m, n)), rng.normal(0, 0.3, m))]

    def batch(n: int, classes: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """Labels and domains: source with labels before target; or mixed, with labels anywhere."""
        if kind == "usual":
            source = np.arange(n) < max(1, n // 3)
            y = np.where(source, rng.integers(0, classes, n), -1)
        else:
            source = rng.random(n) < 0.6
            y = np.where(rng.random(n) < 0.6, rng.integers(0, classes, n), -1)
            source[:3], y[:3] = [True, False, False], [-1, classes - 1, -1]
        order = rng.permutation(n)
        return y[order], source[order]

    def case(lam: float, optimizer: str = "SGD", steps: int = 1, n: int = 9, kind: str = "usual", **how: Any) -> dict:
        d, h, classes = 2, 3, how.get("classes", 3)
        labels = how.get("labels") or [batch(n, classes, kind) for _ in range(steps)]
        settings = {"SGD": {"lr": 0.3}, "momentum": {"lr": 0.1, "momentum": 0.9}}.get(optimizer)
        return {
            "weights_F": weights(d, 5, h),
            "weights_C": weights(h, classes),
            "weights_D": weights(h, 4, 1),
            "xs": rng.normal(0, 1, (steps, n, d)),
            "ys": np.array([y for y, _ in labels]),
            "sources": np.array([source for _, source in labels]),
            "lam": lam,
            "optimizer": "Adam" if optimizer == "Adam" else "SGD",
            "settings": settings or {"lr": 0.02, "betas": [0.5, 0.9]},
            "dtype": how.get("dtype", "float64"),
            "stale": how.get("stale"),
        }

    def compare(given: dict, parts: str = "FCD", tol: float = 1e-6, what: str = "", losses: bool = False) -> None:
        got = student.run(_STEPS, **given)
        expected, trail = _reference_steps(given)
        where = f"lam = {given['lam']:.3g}{what}"
        for t, (left, right) in enumerate(zip(got["trail"], trail, strict=True), start=1):
            for part, name in enumerate("FCD"):
                if name in parts:
                    for i, (a, b) in enumerate(zip(left[part], right[part], strict=True)):
                        expect_close(f"array {i} of {name} after step {t}, {where}", a, b, tol=tol)
        if losses:
            for left, right in zip(got["losses"], expected, strict=True):
                pair = expect_pair("dann_step", left)
                expect_close(f"L_y before the step, {where}", pair[0], right[0], tol=tol)
                expect_close(f"L_d before the step, {where}", pair[1], right[1], tol=tol)

    plain = [case(0.6), case(2.5, n=12), case(1.0, n=6), case(0.1, n=5, classes=2)]

    def part(name: str) -> None:
        for given in plain:
            compare(given, name)

    def returned() -> None:
        none = np.full(4, -1), np.array([True, False, False, False])
        alone = np.array([1, -1, 0, 2]), np.full(4, True)
        for given in (*plain, case(0.7, kind="mixed"), *(case(0.8, n=4, labels=[some]) for some in (none, alone))):
            compare(given, "", losses=True)
        compare(case(0.7, dtype="float32"), "", tol=1e-4, losses=True)
        sure = case(0.7, n=8)
        sure["weights_D"] = weights(3, 1, scale=120.0)
        compare(sure, "", what=", logits in the hundreds", losses=True)

    def no_lambda() -> None:
        for lam in (0.0, 0):
            compare(case(lam, n=7))

    def stale() -> None:
        compare(case(0.7, stale=0.375))

    def mixed() -> None:
        for n in (9, 14):
            for lam in (0.8, 1.7):
                compare(case(lam, n=n, kind="mixed"), what=", labels in both domains")
        everything = (np.array([0, 2, 1, 1, 0]), np.array([True, False, True, False, False]))
        compare(case(0.6, n=5, labels=[everything]), what=", labels everywhere")

    def lacking() -> None:
        none, some = np.full(4, -1), np.array([1, -1, 0, 2])
        source, target = np.full(4, True), np.full(4, False)
        for y, s, what in (
            (none, source, "source without labels"),
            (none, target, "target without labels"),
            (some, source, "source only"),
            (some, target, "target only"),
            (none, np.array([True, False, True, False]), "both domains, no label"),
        ):
            compare(case(0.8, n=4, labels=[(y, s)]), what=f", {what}")
        for y, s in ((2, True), (0, False), (-1, True), (-1, False)):
            compare(case(1.5, n=1, labels=[(np.array([y]), np.array([s]))]), what=", one sample")

    def several(optimizer: str) -> None:
        given = case(0.7, optimizer, steps=4, stale=0.375)
        compare(given, what=f", {optimizer}")
        mixed_labels = case(1.3, optimizer, steps=3, n=12, kind="mixed", stale=-2.0)
        compare(mixed_labels, what=f", {optimizer}")

    def extreme() -> None:
        for scale in (60.0, 120.0):
            given = case(0.7, n=8)
            given["weights_D"] = weights(3, 1, scale=scale)
            given["weights_C"] = weights(3, 3, scale=scale)
            given["settings"] = {"lr": 0.01}
            compare(given, what=", logits in the hundreds")
        for bias in (-200.0, -60.0, 60.0, 200.0):
            for domain in (True, False):
                given = case(0.9, n=2, labels=[(np.array([1, -1]), np.array([domain, domain]))])
                given["weights_D"] = [rng.normal(0, 0.5, (1, 3)), np.array([bias])]
                given["settings"] = {"lr": 0.01}
                compare(given, what=f", logits of D around {bias:g}")

    def once() -> None:
        given = case(0.7, steps=3)
        got = student.run(_STEPS, **given)
        expect_true("in each call optimizer.step() is called once", got["counts"] == [1, 2, 3])
        expect_true("x, y or is_source was changed", got["untouched"])
        expect_true("parameters are left that require no gradient", got["trainable"])
        compare(given)
        compare(case(0.7, steps=2, dtype="float32"), tol=1e-4, what=", float32")

    return [
        outcome("the step of F", functools.partial(part, "F"), weight=3),
        outcome("the step of C", functools.partial(part, "C")),
        outcome("the step of D", functools.partial(part, "D"), weight=2),
        outcome("lam = 0", no_lambda),
        outcome("the losses that are returned", returned, weight=3),
        outcome("gradients left over from before", stale),
        outcome("labels in both domains", mixed, weight=2),
        outcome("batches that lack a domain or labels", lacking, weight=2),
        outcome("several steps of SGD with momentum", functools.partial(several, "momentum")),
        outcome("several steps of Adam", functools.partial(several, "Adam")),
        outcome("logits in the hundreds", extreme, weight=2),
        outcome("one step a call, inputs, float32", once),
    ]


# Task 5 ---------------------------------------------------------------------------------------------------------------

_MMD = """
import torch

kind = getattr(torch, dtype)


def tensor(array):
    made = torch.tensor(array, dtype=kind)
    return (made.transpose(0, -1).contiguous().transpose(0, -1) if strided else made).requires_grad_()


f, g = tensor(first), tensor(second)
pair = mmd2(f, g, sigmas)
if not isinstance(pair, (tuple, list, torch.Tensor)) or len(pair) != 2:
    raise TypeError("mmd2 must return a pair of tensors")
slopes = []
for value in pair:
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"an estimate must be a tensor, not a {type(value).__name__}")
    if not value.requires_grad:
        raise TypeError("an estimate has lost the features: is there a detach, item or numpy too many?")
    found = torch.autograd.grad(value.sum(), [f, g], retain_graph=True, allow_unused=True)
    slopes.append([torch.zeros_like(leaf) if s is None else s for s, leaf in zip(found, (f, g))])
result = {"pair": [value for value in pair], "slopes": slopes, "after": [f, g]}
"""


def _kernel(a: np.ndarray, b: np.ndarray, sigmas: Sequence[float]) -> np.ndarray:
    return np.mean([rbf_kernel(a, b, gamma=1 / (2 * sigma**2)) for sigma in sigmas], axis=0)


def _estimates(f: np.ndarray, g: np.ndarray, sigmas: Sequence[float]) -> tuple[float, float]:
    """Both estimates by scikit-learn's kernel, pair by pair."""
    n, m = len(f), len(g)
    middle = np.concatenate([f, g]).mean(axis=0)  # scikit-learn expands the square
    f, g = f - middle, g - middle
    k_ff, k_gg, k_fg = _kernel(f, f, sigmas), _kernel(g, g, sigmas), _kernel(f, g, sigmas)
    across = sum(k_fg[i, j] for i in range(n) for j in range(m)) / (n * m)
    within_f = np.mean([k_ff[i, j] for i, j in itertools.permutations(range(n), 2)])
    within_g = np.mean([k_gg[i, j] for i, j in itertools.permutations(range(m), 2)])
    return float(k_ff.mean() + k_gg.mean() - 2 * across), float(within_f + within_g - 2 * across)


def _slopes(f: np.ndarray, g: np.ndarray, sigmas: Sequence[float]) -> list[list[np.ndarray]]:
    """Gradients of both estimates by f and by g, written out."""

    def pull(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The sum over b of dk(a_i, b_j)/da_i: (len(a), d)."""
        total = np.zeros_like(a)
        for i, j in np.ndindex(len(a), len(b)):
            off = a[i] - b[j]
            for sigma in sigmas:
                total[i] -= off / sigma**2 * math.exp(-float(off @ off) / (2 * sigma**2)) / len(sigmas)
        return total

    result = []
    for biased in (True, False):
        slopes = []
        for own, other in ((f, g), (g, f)):
            pairs = len(own) ** 2 if biased else len(own) * (len(own) - 1)
            slopes.append(2 * pull(own, own) / pairs - 2 * pull(own, other) / (len(own) * len(other)))
        result.append(slopes)
    return result


def mmd2(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Both estimates against scikit-learn's kernel, and their gradients against the formula."""

    def ask(
        f: np.ndarray, g: np.ndarray, sigmas: Sequence[float], dtype: str = "float64", strided: bool = False
    ) -> dict:
        got = student.run(_MMD, first=f, second=g, sigmas=list(sigmas), dtype=dtype, strided=strided)
        same = all(np.array_equal(a, b.astype(dtype)) for a, b in zip(got["after"], (f, g), strict=True))
        expect_true("an input was changed", same)
        return got

    def compare(f: np.ndarray, g: np.ndarray, sigmas: Sequence[float], **how: Any) -> None:
        dtype = how.get("dtype", "float64")
        got = ask(f, g, sigmas, **how)["pair"]
        expected = _estimates(**rounded({"f": f, "g": g}, dtype), sigmas=sigmas)
        where = f"n = {len(f)}, m = {len(g)}, d = {f.shape[1]}, {len(sigmas)} bandwidths, {dtype}"
        for name, left, right in zip(("biased", "unbiased"), got, expected, strict=True):
            expect_close(f"the {name} estimate, {where}", left, right, tol=TOLERANCE[dtype])

    def draw(n: int, m: int, d: int, shift: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
        return rng.normal(0, 1, (n, d)), rng.normal(shift, 1.2, (m, d))

    sizes = ((4, 7, 2), (4, 4, 4), (6, 3, 1), (3, 5, 3))
    cases = [draw(*size) for size in sizes]

    @functools.cache
    def asked(number: int, sigma: float) -> list:
        return ask(*cases[number], [sigma])["pair"]

    def usual(which: int) -> None:
        for number, (f, g) in enumerate(cases):
            for sigma in (1.0, 0.6, 2):
                what = f"the {('biased', 'unbiased')[which]} estimate, n = {len(f)}, m = {len(g)}, sigma = {sigma:g}"
                expect_close(what, asked(number, sigma)[which], _estimates(f, g, [sigma])[which])

    def bandwidths() -> None:
        for f, g in cases:
            compare(f, g, [0.5, 1.0, 3.0])
            compare(f, g, rng.uniform(0.3, 3, 5).tolist())
        compare(*cases[0], [1, 1, 1])

    def small() -> None:
        for n, m, d in ((2, 2, 1), (2, 5, 3), (4, 2, 1)):
            compare(*draw(n, m, d), [0.8, 1.5])
        f, _ = draw(5, 5, 2)
        compare(f, f.copy(), [1.0])
        compare(f, f[::-1].copy(), [0.7, 2.0])
        compare(np.tile(f[:1], (4, 1)), np.tile(f[1:2], (3, 1)), [1.0])

    def below_zero() -> None:
        for _ in range(4):
            f, g = draw(8, 8, 2, 0.0)
            g = f + 0.01 * rng.normal(0, 1, f.shape)  # closer to each other than two samples of one law
            compare(f, g, [1.0])

    def far() -> None:
        for level, size in ((1e4, (5, 6, 2)), (1e6, (5, 6, 2)), (1e6, (3, 27, 1))):
            f, g = draw(*size)  # torch.cdist expands the square for more than 25 rows
            compare(f + level, g + level, [1.0, 2.0] if level < 1e6 else [1.0])
        f, g = draw(5, 6, 2)
        compare(1000 + f, 1000 + g, [1.0], dtype="float32")
        compare(f * 1e-4, g * 1e-4, [1e-4])
        compare(f * 1e5, g * 1e5, [1e5, 3e5])

    def gradients() -> None:
        for f, g in (draw(4, 6, 2), draw(3, 3, 3), draw(2, 5, 1)):
            for sigmas in ([1.0], [0.5, 2.0]):
                got = ask(f, g, sigmas)["slopes"]
                for name, left, right in zip(("biased", "unbiased"), got, _slopes(f, g, sigmas), strict=True):
                    for which, a, b in zip("fg", left, right, strict=True):
                        expect_close(f"the gradient of the {name} estimate by {which}", a, b)

    def coinciding() -> None:
        f, g = draw(4, 5, 2)
        g[:2], f[3] = f[:2], f[0]
        compare(f, g, [0.8])
        got = ask(f, g, [0.8])["slopes"]
        for name, left, right in zip(("biased", "unbiased"), got, _slopes(f, g, [0.8]), strict=True):
            for which, a, b in zip("fg", left, right, strict=True):
                expect_close(f"the gradient of the {name} estimate by {which}, some features equal", a, b)

    def views() -> None:
        for dtype in TOLERANCE:
            for f, g in cases:
                compare(f, g, [0.7, 1.5], dtype=dtype, strided=True)

    return [
        outcome("the biased estimate", functools.partial(usual, 0)),
        outcome("the unbiased estimate", functools.partial(usual, 1), weight=2),
        outcome("several bandwidths", bandwidths),
        outcome("few or equal features", small),
        outcome("estimates below 0", below_zero),
        outcome("features far from the origin, or of another scale", far),
        outcome("the gradients", gradients, weight=2),
        outcome("features that coincide", coinciding),
        outcome("dtypes, and inputs that are views", views),
    ]


# Task 6 ---------------------------------------------------------------------------------------------------------------


def _exact_shares(y_s: np.ndarray, yhat_s: np.ndarray, yhat_t: np.ndarray, k: int) -> list[sympy.Rational]:
    """The equations solved in fractions, the counts by scikit-learn."""
    counts = confusion_matrix(yhat_s, y_s, labels=range(k)).tolist()  # rows: said, columns: true
    per_class = [sum(row[j] for row in counts) for j in range(k)]
    confusion = sympy.Matrix(k, k, lambda i, j: sympy.Rational(counts[i][j], per_class[j]))
    said = sympy.Matrix([sympy.Rational(yhat_t.tolist().count(i), len(yhat_t)) for i in range(k)])
    return list(confusion.LUsolve(said))


def label_shift(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Shares and their variation against exact fractions, and what must be refused."""

    def draw(k: int, n: int = 60, m: int = 80, right: float = 0.7) -> list[np.ndarray]:
        """Labels of all classes, predictions that are often right, and a target with other shares."""
        p, q = rng.dirichlet(np.full(k, 5.0)), rng.dirichlet(np.full(k, 5.0))
        y_s = np.concatenate([np.arange(k), np.arange(k), rng.choice(k, n - 2 * k, p=p)])
        y_t = rng.choice(k, m, p=q)

        def predict(y: np.ndarray) -> np.ndarray:
            # A wrong answer is more often the next class than any other, so that confusions are not symmetric.
            other = (y + rng.choice([1, 1, 2], len(y))) % k
            return np.where(rng.random(len(y)) < right, y, other)

        return [y_s, predict(y_s), predict(y_t)]

    def clear(given: list[np.ndarray], k: int) -> bool:
        """Whether the confusion matrix is far from singular."""
        matrix = confusion_matrix(given[1], given[0], labels=range(k)).astype(float)
        return bool(np.linalg.cond(matrix / matrix.sum(axis=0)) < 100)

    def wanted(given: list[np.ndarray], k: int) -> tuple[list[float], float]:
        solved = [max(value, sympy.Integer(0)) for value in _exact_shares(*given, k)]
        q = [float(value / sum(solved)) for value in solved]
        p = [given[0].tolist().count(j) / len(given[0]) for j in range(k)]
        return q, math.fsum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2

    def compare(given: list[np.ndarray], k: int, which: str = "both") -> None:
        snippet = "value = label_shift(y_s, yhat_s, yhat_t, k)\nresult = [value, y_s, yhat_s, yhat_t]"
        names = ("y_s", "yhat_s", "yhat_t")
        value, *after = student.run(snippet, **dict(zip(names, given, strict=True)), k=k)
        got, (q, shift) = expect_pair("label_shift", value), wanted(given, k)
        if which in ("both", "q"):
            expect_close(f"the estimated shares of {k} classes", got[0], q)
        if which in ("both", "shift"):
            expect_close(f"the shift of {k} classes", got[1], shift)
        for name, left, right in zip(names, after, given, strict=True):
            expect_true(f"the input {name} was changed", np.array_equal(left, right))

    def until(test: Callable[[list[sympy.Rational]], bool], k: int, **how: Any) -> list[np.ndarray]:
        """A draw whose exact solution passes a test."""
        for _ in range(2000):
            given = draw(k, **how)
            if clear(given, k) and test(_exact_shares(*given, k)):
                return given
        raise RuntimeError("no such draw")

    def inside(solved: list[sympy.Rational]) -> bool:
        return min(solved) > 0

    cases = [(until(inside, k), k) for k in (2, 3, 4, 5, 6)]

    def usual(which: str) -> None:
        for given, k in cases:
            compare(given, k, which)

    def negative() -> None:
        for k in (2, 3, 4, 5):
            given = until(lambda solved: min(solved) < -0.03, k, n=40, m=15, right=0.6)
            compare(given, k)
        two = until(lambda solved: sum(bool(value < -0.02) for value in solved) >= 2, 5, n=50, m=12, right=0.5)
        compare(two, 5)

    def never_predicted() -> None:
        for k in (3, 4):
            y_s, yhat_s, yhat_t = until(inside, k)
            compare([y_s, yhat_s, yhat_t[yhat_t != k - 1]], k)
            compare([y_s, yhat_s, yhat_t[yhat_t == 1]], k)
            compare([y_s, yhat_s, np.zeros(1, dtype=int)], k)

    def perfect() -> None:
        y_s = np.array([0, 1, 2, 2, 1, 0, 0, 3])
        for yhat_t in (np.array([3, 3, 1, 0, 2, 2, 2]), np.array([0, 0, 0])):
            compare([y_s, y_s, yhat_t], 4)
            compare([y_s, (y_s + 1) % 4, yhat_t], 4)  # always wrong, in a way that can be undone
        compare([y_s, y_s, np.tile(y_s, 3)], 4)

    def many_classes() -> None:
        given = until(inside, 10, n=400, m=400, right=0.35)  # its determinant is small, its inverse is not large
        compare(given, 10)

    def refused() -> None:
        y = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
        singular = np.array([0, 1, 2, 0, 1, 2, 2, 2, 2])  # classes 0 and 1 are confused in the same way

        def said(*counts: Sequence[int]) -> list[np.ndarray]:
            """Labels and predictions where class j is taken for class i as often as ``counts[j][i]`` says."""
            true = np.repeat(np.arange(len(counts)), [sum(row) for row in counts])
            return [true, np.concatenate([np.repeat(np.arange(len(row)), row) for row in counts])]

        for what, given, k in (
            ("a source without class 1", [np.where(y == 1, 0, y), singular, y], 3),
            ("a source without the last class", [y, y, y], 4),
            ("a classifier that always says 0", [y, 0 * y, y], 3),
            ("a classifier that confuses two classes in the same way", [y, singular, y], 3),
            ("a classifier that never says 2", [y, np.minimum(y, 1), y % 2], 3),
            # Rounding makes these matrices look regular to a solver.
            ("a class that is confused as half of each of two others", [*said((0, 1, 2), (1, 2, 0), (1, 3, 2)), y], 3),
            ("a class that is confused as a mixture of two others", [*said((0, 1, 2), (1, 2, 3), (1, 4, 7)), y], 3),
        ):
            expect_value_error(what, functools.partial(student.call, "label_shift", *given, k))

    return [
        outcome("the shares", functools.partial(usual, "q"), weight=2),
        outcome("the shift", functools.partial(usual, "shift"), weight=2),
        outcome("solutions with negative entries", negative, weight=2),
        outcome("classes that are never predicted", never_predicted),
        outcome("classifiers that are always right, or always wrong", perfect),
        outcome("ten classes", many_classes),
        outcome("what must be refused", refused, weight=2),
    ]
