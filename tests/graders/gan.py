"""Hidden tests of the assignment ``gan``: one function a task, on random inputs, against independent references.

The references know nothing of the model solution: arbitrary precision (mpmath), SciPy, root finding on the
criterion itself, explicit gradients with hand-written optimisers, and a k-d tree.
Only plain values pass to and from the student's code (see ``coursekit.grading``).
"""

from __future__ import annotations

import cmath
import functools
import itertools
import math
from collections.abc import Callable, Sequence

import mpmath
import numpy as np
import torch
from scipy.optimize import brentq
from scipy.spatial import cKDTree
from scipy.spatial.distance import jensenshannon
from scipy.special import expit

from coursekit.grading import Outcome, Student, expect_close, expect_pair, expect_true, outcome
from coursekit.grading.tensors import NET, expect_value_error

# Task 1 ---------------------------------------------------------------------------------------------------------------


@np.vectorize
def _share_in_many_digits(log_p_d: float, log_p_m: float) -> float:
    """p_d / (p_d + p_m), computed as it is written, with 60 digits and no limit on exponents."""
    with mpmath.workdps(60):
        p_d, p_m = mpmath.exp(mpmath.mpf(log_p_d)), mpmath.exp(mpmath.mpf(log_p_m))
        return 0.5 if p_d + p_m == 0 else float(p_d / (p_d + p_m))


def optimal_discriminator(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """D* from log-densities: plain values, tails, zeros, inputs untouched."""

    def compare(log_p_d: np.ndarray, log_p_m: np.ndarray, what: str) -> None:
        got = student.call("optimal_discriminator", log_p_d, log_p_m)
        expect_close(what, got, _share_in_many_digits(log_p_d, log_p_m), tol=1e-6)

    def usual() -> None:
        for shape in ((7,), (1,), (3, 4), (2, 3, 2)):
            compare(rng.normal(0, 2, shape), rng.normal(0, 2, shape), f"D* on arrays of shape {shape}")

    def far_out() -> None:
        for level in (-900.0, -20_000.0, 900.0):
            base = level + rng.normal(0, 1, 6)
            compare(base, base + rng.normal(0, 3, 6), f"D* at log-densities around {level:g}")
        compare(np.array([-5000.0, -1.0]), np.array([-1.0, -5000.0]), "D* at log-densities -5000 and -1")

    def zeros() -> None:
        log_p_d, log_p_m = rng.normal(0, 2, (2, 24))
        log_p_d[rng.random(24) < 0.5] = -np.inf
        log_p_m[rng.random(24) < 0.5] = -np.inf
        log_p_d[:2], log_p_m[:3] = -np.inf, -np.inf
        compare(log_p_d, log_p_m, "D* where densities are zero")
        compare(np.full((2, 2), -np.inf), np.full((2, 2), -np.inf), "D* where both densities are zero everywhere")

    def untouched() -> None:
        log_p_d, log_p_m = rng.normal(0, 1, (2, 8))
        log_p_d[::2], log_p_m[::3] = -np.inf, -np.inf
        after = student.run(
            "optimal_discriminator(log_p_d, log_p_m)\nresult = [log_p_d, log_p_m]", log_p_d=log_p_d, log_p_m=log_p_m
        )
        expect_true("the inputs were changed", np.array_equal(after[0], log_p_d) and np.array_equal(after[1], log_p_m))
        # Untouched inputs count for a function that computes, not for one that does nothing.
        compare(log_p_d, log_p_m, "D* of the untouched inputs")

    return [
        outcome("random densities of several shapes", usual),
        outcome("far out in the tails", far_out),
        outcome("densities that are zero", zeros),
        outcome("inputs stay as they were", untouched),
    ]


# Task 2 ---------------------------------------------------------------------------------------------------------------


def jensen_shannon(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """The divergence against SciPy's distance, its bounds, and what must be refused."""

    def divergence(p: np.ndarray, q: np.ndarray) -> float:
        return student.call("jensen_shannon", p, q)

    def compare(p: np.ndarray, q: np.ndarray, what: str, tol: float = 1e-9) -> None:
        p64, q64 = p.astype(float), q.astype(float)
        expect_close(what, divergence(p, q), float(jensenshannon(p64, q64) ** 2), tol=tol)

    def usual() -> None:
        for size in (2, 3, 10, 200):
            p, q = rng.dirichlet(np.ones(size), 2)
            compare(p, q, f"the divergence of two distributions of {size} values")
        expect_close("the divergence of distributions of one value", divergence(np.ones(1), np.ones(1)), 0.0, tol=1e-12)
        p, q = rng.dirichlet(np.ones(12), 2).astype(np.float32)
        compare(p, q, "the divergence of float32 distributions", tol=1e-5)

    def with_zeros(p: np.ndarray, keep: np.ndarray) -> np.ndarray:
        p = np.where(keep, p, 0.0)
        return p / p.sum()

    def zeros() -> None:
        for _ in range(8):
            p, q = rng.dirichlet(np.ones(9), 2)
            keep_p, keep_q = rng.random((2, 9)) < 0.5
            keep_p[0] = keep_q[1] = True
            compare(with_zeros(p, keep_p), with_zeros(q, keep_q), "the divergence of distributions with zeros")
        p, q = rng.dirichlet(np.ones(5), 2)
        p, q = np.append(p, np.zeros(5)), np.append(np.zeros(5), q)
        expect_close("the divergence of distributions with nothing in common", divergence(p, q), math.log(2), tol=1e-11)

    def bounds() -> None:
        for _ in range(60):
            p = rng.dirichlet(np.full(30, 0.3))
            low = divergence(p, p * (1 + rng.choice([-1e-15, 0.0, 1e-15])))
            expect_close("the divergence of a distribution and itself", low, 0.0, tol=1e-12)
            expect_true(f"the divergence of a distribution and itself came out as {low:.3g}, below 0", low >= 0)
            high = divergence(np.append(p, np.zeros(30)), np.append(np.zeros(30), p))
            expect_close("the divergence of distributions with nothing in common", high, math.log(2), tol=1e-9)
            expect_true(f"the divergence came out as {high!r}, above log 2", high <= math.log(2))

    def refused() -> None:
        p, q = rng.dirichlet(np.ones(4), 2)
        negative = p.copy()
        negative[0], negative[1] = -0.1, p[0] + p[1] + 0.1
        missing = p.copy()
        missing[2] = np.nan

        def refuse(what: str, p: np.ndarray, q: np.ndarray) -> None:
            expect_value_error(what, functools.partial(student.call, "jensen_shannon", p, q))

        refuse("arrays of shapes (4,) and (1,)", p, np.ones(1))
        refuse("arrays of shapes (4,) and (5,)", p, np.full(5, 0.2))
        for what, bad in (
            ("an array that sums to 0.9999", p * 0.9999),
            ("an array that sums to 2", 2 * p),
            ("an array that sums to 1.000005", 1.000005 * p),
            ("a negative entry in an array that sums to 1", negative),
            ("an entry that is nan", missing),
        ):
            refuse(what, bad, q)
            refuse(f"{what}, given as q", q, bad)
        almost = p * (1 + 1e-8)
        expect_close("an array that sums to 1.00000001", divergence(almost, q), jensenshannon(p, q) ** 2, tol=1e-6)

    def untouched() -> None:
        p, q = rng.dirichlet(np.ones(6), 2)
        p[:2], p[2] = 0.0, p[:3].sum()
        after = student.run("value = jensen_shannon(p, q)\nresult = [p, q, value]", p=p, q=q)
        expect_true("the inputs were changed", np.array_equal(after[0], p) and np.array_equal(after[1], q))
        expect_close("the divergence of the untouched inputs", after[2], jensenshannon(p, q) ** 2, tol=1e-9)

    return [
        outcome("random distributions", usual),
        outcome("entries that are zero", zeros, weight=2),
        outcome("the bounds 0 and log 2", bounds),
        outcome("what must be refused", refused),
        outcome("inputs stay as they were", untouched),
    ]


# Task 3 ---------------------------------------------------------------------------------------------------------------

_LOSSES = """
import torch

real_leaf = torch.tensor(real, dtype=getattr(torch, dtype), requires_grad=True)
fake_leaf = torch.tensor(fake, dtype=getattr(torch, dtype), requires_grad=True)
if which == "discriminator":
    loss, leaves = discriminator_loss(real_leaf, fake_leaf), [real_leaf, fake_leaf]
else:
    pair = generator_losses(fake_leaf)
    if not isinstance(pair, (tuple, list, torch.Tensor)) or len(pair) != 2:
        raise TypeError("generator_losses must return a pair of tensors")
    loss, leaves = pair[1 if which == "non-saturating" else 0], [fake_leaf]
if not isinstance(loss, torch.Tensor):
    raise TypeError(f"a loss must be a tensor, not a {type(loss).__name__}")
if not loss.requires_grad:
    raise TypeError("a loss does not depend on the logits any more: is there a detach, item or numpy too many?")
gradients = torch.autograd.grad(loss.sum(), leaves, allow_unused=True)
result = [loss, *[torch.zeros_like(leaf) if g is None else g for leaf, g in zip(leaves, gradients)]]
"""


def losses(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Values and gradients of the three losses, against the formulas in NumPy, ordinary and extreme."""

    def softplus(a: np.ndarray) -> np.ndarray:
        return np.logaddexp(0.0, a)

    # Each loss with its gradients by the logits: log D = -softplus(-a), log(1 - D) = -softplus(a), and (GAN.13).
    def reference(which: str, real: np.ndarray, fake: np.ndarray) -> list:
        if which == "discriminator":
            value = softplus(-real).mean() + softplus(fake).mean()
            return [value, -expit(-real) / len(real), expit(fake) / len(fake)]
        if which == "minimax":
            return [-softplus(fake).mean(), -expit(fake) / len(fake)]
        return [softplus(-fake).mean(), -expit(-fake) / len(fake)]

    def compare(which: str, real: np.ndarray, fake: np.ndarray, dtype: str, where: str) -> None:
        # What the tensors hold is what the reference gets: float32 rounds the logits first.
        real, fake = (a.astype(dtype).astype(float) for a in (real, fake))
        got = student.run(_LOSSES, real=real, fake=fake, which=which, dtype=dtype)
        names = ["the loss", "its gradient by real logits", "its gradient by fake logits"]
        if which != "discriminator":
            names = ["the loss", "its gradient by fake logits"]
        tol = 1e-5 if dtype == "float32" else 1e-6
        for name, left, right in zip(names, got, reference(which, real, fake), strict=True):
            expect_close(f"{which}: {name} {where} ({dtype})", left, right, tol=tol)

    def usual(which: str) -> None:
        for dtype in ("float32", "float64"):
            for n, m in ((5, 5), (8, 3), (1, 6)):
                compare(which, rng.normal(0, 3, n), rng.normal(0, 3, m), dtype, f"for {n} real and {m} fake logits")

    def extreme(which: str) -> None:
        for dtype in ("float32", "float64"):
            # One logit a time: a mean over many would hide a wrong gradient of one.
            for size in (-100.0, -50.0, -20.0, 20.0, 50.0, 100.0):
                one = np.array([size])
                compare(which, one, -one, dtype, f"at real logit {size:g} and fake logit {-size:g}")

    return [
        outcome(f"the {which} loss, {what}", functools.partial(test, which))
        for which in ("discriminator", "minimax", "non-saturating")
        for what, test in (("ordinary logits", usual), ("logits up to 100", extreme))
    ]


# Task 4 ---------------------------------------------------------------------------------------------------------------

_STEPS = (
    NET
    + """
import torch

kind = getattr(torch, dtype)


def values(module):
    return [p.detach().clone().numpy() for p in module.parameters()]


def moments(optimizer, module):
    keys = ("momentum_buffer", "exp_avg", "exp_avg_sq")
    states = [optimizer.state.get(p, {}) for p in module.parameters()]
    return {key: [s[key] for s in states] for key in keys if all(s.get(key) is not None for s in states)}


the_D, the_G = net(weights_D), net(weights_G)
make = getattr(torch.optim, optimizer)
opt_D, opt_G = make(the_D.parameters(), **settings), make(the_G.parameters(), **settings)
for p in [*the_D.parameters(), *the_G.parameters()]:
    p.grad = torch.full_like(p, stale)

at_D, after_D, at_G = [], [], []
reached = []


def before_D(*_):
    at_D.append(values(the_G))
    gradients = [p.grad for p in the_G.parameters() if p.grad is not None]
    reached.append(any(bool(((g != stale) & (g != 0)).any()) for g in gradients))


opt_D.register_step_pre_hook(before_D)
opt_D.register_step_post_hook(lambda *_: after_D.append(values(the_D)))
opt_G.register_step_pre_hook(lambda *_: at_G.append(len(at_D)))

losses, trail, before_first = [], [], values(the_G)
for x, z_D, z_G in zip(xs, zs_D, zs_G):
    pair = alternating_step(the_D, the_G, opt_D, opt_G, *(torch.tensor(a, dtype=kind) for a in (x, z_D, z_G)))
    losses.append(pair)
    trail.append([values(the_D), values(the_G)])
    for p in [*the_D.parameters(), *the_G.parameters()]:
        p.grad = torch.full_like(p, stale)
result = {
    "losses": losses,
    "trail": trail,
    "G_at_D": at_D,
    "G_before": [before_first] + [t[1] for t in trail[:-1]],
    "D_after_its_step": after_D,
    "steps_of_D_before_G": at_G,
    "reached": reached,
    "state_D": moments(opt_D, the_D),
    "state_G": moments(opt_G, the_G),
}
"""
)


class _Player:
    """A perceptron's parameters and its optimiser, written out: SGD with momentum, or Adam (Kingma and Ba, 2015)."""

    def __init__(self, weights: list[np.ndarray], optimizer: str, settings: dict):
        self.weights = [w.copy() for w in weights]
        self.optimizer, self.settings, self.count = optimizer, settings, 0
        self.first = [np.zeros_like(w) for w in weights]
        self.second = [np.zeros_like(w) for w in weights]

    def tensors(self) -> list[torch.Tensor]:
        return [torch.tensor(w, requires_grad=True) for w in self.weights]

    def step(self, gradients: Sequence[torch.Tensor]) -> None:
        self.count += 1
        lr = self.settings["lr"]
        for i, gradient in enumerate(g.numpy() for g in gradients):
            if self.optimizer == "SGD":
                self.first[i] = self.settings.get("momentum", 0.0) * self.first[i] + gradient
                self.weights[i] = self.weights[i] - lr * self.first[i]
                continue
            beta1, beta2 = self.settings["betas"]
            self.first[i] = beta1 * self.first[i] + (1 - beta1) * gradient
            self.second[i] = beta2 * self.second[i] + (1 - beta2) * gradient**2
            first = self.first[i] / (1 - beta1**self.count)
            second = self.second[i] / (1 - beta2**self.count)
            self.weights[i] = self.weights[i] - lr * first / (np.sqrt(second) + 1e-8)


def _perceptron(weights: Sequence[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    for i in range(0, len(weights), 2):
        x = (torch.tanh(x) if i else x) @ weights[i].T + weights[i + 1]
    return x


def _reference_steps(case: dict) -> tuple[list[list[float]], list[list[list[np.ndarray]]], _Player, _Player]:
    """Play the steps with explicit gradients of each loss by its own player's parameters and by nothing else."""
    D = _Player(case["weights_D"], case["optimizer"], case["settings"])
    G = _Player(case["weights_G"], case["optimizer"], case["settings"])
    losses, trail = [], []
    for x, z_D, z_G in zip(case["xs"], case["zs_D"], case["zs_G"], strict=True):
        x, z_D, z_G = (torch.tensor(a) for a in (x, z_D, z_G))
        d, g = D.tensors(), G.tensors()
        on_data, on_samples = torch.sigmoid(_perceptron(d, x)), torch.sigmoid(_perceptron(d, _perceptron(g, z_D)))
        loss_D = -torch.log(on_data).mean() - torch.log(1 - on_samples).mean()
        D.step(torch.autograd.grad(loss_D, d))
        d, g = D.tensors(), G.tensors()
        loss_G = -torch.log(torch.sigmoid(_perceptron(d, _perceptron(g, z_G)))).mean()
        G.step(torch.autograd.grad(loss_G, g))
        losses.append([loss_D.item(), loss_G.item()])
        trail.append([[w.copy() for w in D.weights], [w.copy() for w in G.weights]])
    return losses, trail, D, G


def alternating_step(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Parameters, optimiser states and losses after one and several steps, and who touched whom."""

    def weights(*sizes: int) -> list[np.ndarray]:
        return [a for n, m in itertools.pairwise(sizes) for a in (rng.normal(0, 0.8, (m, n)), rng.normal(0, 0.3, m))]

    def case(optimizer: str, settings: dict, steps: int, dtype: str = "float64") -> dict:
        d, k, batch = 2, 3, 6
        return {
            "weights_D": weights(d, 5, 1),
            "weights_G": weights(k, 4, d),
            "xs": rng.normal(1, 1, (steps, batch, d)),
            "zs_D": rng.normal(0, 1, (steps, batch, k)),
            "zs_G": rng.normal(0, 1, (steps, batch, k)),
            "optimizer": optimizer,
            "settings": settings,
            "dtype": dtype,
            "stale": 0.375,
        }

    plain_sgd = case("SGD", {"lr": 0.3}, 1)
    momentum = case("SGD", {"lr": 0.1, "momentum": 0.9}, 4)
    adam = case("Adam", {"lr": 0.05, "betas": [0.5, 0.9]}, 4)
    single = case("SGD", {"lr": 0.3}, 1, dtype="float32")

    @functools.cache
    def played(name: str) -> dict:
        chosen = {"plain": plain_sgd, "momentum": momentum, "adam": adam, "single": single}[name]
        return student.run(_STEPS, **chosen)

    def expect_weights(what: str, got: list, expected: list, tol: float = 1e-7) -> None:
        for i, (left, right) in enumerate(zip(got, expected, strict=True)):
            expect_close(f"{what}, array {i}", left, right, tol=tol)

    def step_of(player: int, name: str) -> Callable[[], None]:
        def test() -> None:
            trail = _reference_steps(plain_sgd)[1]
            expect_weights(
                f"the parameters of {name} after one step", played("plain")["trail"][0][player], trail[0][player]
            )

        return test

    def several(name: str, chosen: dict) -> None:
        _, trail, D, G = _reference_steps(chosen)
        got = played(name)
        for t, (left, right) in enumerate(zip(got["trail"], trail, strict=True), start=1):
            expect_weights(f"the parameters of D after {t} rounds", left[0], right[0])
            expect_weights(f"the parameters of G after {t} rounds", left[1], right[1])
        for which, player, state in (("D", D, got["state_D"]), ("G", G, got["state_G"])):
            keys = ["momentum_buffer"] if chosen["optimizer"] == "SGD" else ["exp_avg", "exp_avg_sq"]
            for key, moments in zip(keys, (player.first, player.second), strict=False):
                expect_true(f"the optimiser of {which} has no {key}: was its step called?", key in state)
                expect_weights(f"the optimiser's {key} of {which}", state[key], moments)

    def apart() -> None:
        got = played("momentum")
        rounds = len(momentum["xs"])
        expect_true(
            "in each round opt_D.step() is called once, then opt_G.step() once",
            got["steps_of_D_before_G"] == list(range(1, rounds + 1)) and len(got["G_at_D"]) == rounds,
        )
        for before, during in zip(got["G_before"], got["G_at_D"], strict=True):
            expect_weights("the parameters of G in the step of D", during, before, tol=1e-12)
        for (after, _), right in zip(got["trail"], got["D_after_its_step"], strict=True):
            expect_weights("the parameters of D in the step of G", after, right, tol=1e-12)
        expect_true("when opt_D.step() ran, a gradient had reached G", not any(got["reached"]))
        # Standing still touches nobody either; it earns nothing here.
        moved = any(not np.array_equal(a, b) for a, b in zip(got["G_before"][0], got["trail"][0][1], strict=True))
        expect_true("G has not moved in its own step", moved)

    def returned() -> None:
        for name, chosen, tol in (("momentum", momentum, 1e-7), ("single", single, 1e-4)):
            expected = _reference_steps(chosen)[0]
            for left, right in zip(played(name)["losses"], expected, strict=True):
                pair = expect_pair("alternating_step", left)
                expect_close("J_D, computed before the step of D", pair[0], right[0], tol=tol)
                expect_close("the loss of G, computed between the two steps", pair[1], right[1], tol=tol)

    return [
        outcome("the step of D", step_of(0, "D")),
        outcome("the step of G", step_of(1, "G")),
        outcome("several rounds of SGD with momentum", functools.partial(several, "momentum", momentum)),
        outcome("several rounds of Adam", functools.partial(several, "adam", adam)),
        outcome("each step leaves the other player alone", apart),
        outcome("the losses that are returned", returned),
    ]


# Task 5 ---------------------------------------------------------------------------------------------------------------


def smoothed_discriminator(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """The best D under a smoothed label, against the root of the criterion's derivative."""

    def best(p_d: float, p_m: float, s: float) -> float:
        if p_d == p_m == 0:
            return (1 - s) / 2
        if p_d == 0:
            return 0.0
        if p_m == 0 and s == 0:
            return 1.0

        def slope(t: float) -> float:
            """The criterion's derivative by the logit t of D; strictly decreasing."""
            return p_d * ((1 - s) * expit(-t) - s * expit(t)) - p_m * expit(t)

        return float(expit(brentq(slope, -60, 60, xtol=1e-13)))

    def compare(p_d: np.ndarray, p_m: np.ndarray, s: float, what: str) -> None:
        expected = np.vectorize(best)(p_d, p_m, s)
        expect_close(f"{what}, s = {s:.3g}", student.call("smoothed_discriminator", p_d, p_m, s), expected, tol=1e-7)

    def usual() -> None:
        for shape in ((9,), (2, 4)):
            for s in (0.1, 0.25, float(rng.uniform(0.05, 0.95)), 0.0):
                p_d, p_m = rng.gamma(1.0, 2.0, (2, *shape))
                compare(p_d, p_m, s, f"the best D on arrays of shape {shape}")

    def zeros() -> None:
        for s in (0.1, float(rng.uniform(0.05, 0.95)), 0.0):
            p_d, p_m = rng.gamma(1.0, 2.0, (2, 16))
            p_d[rng.random(16) < 0.4] = 0
            p_m[rng.random(16) < 0.4] = 0
            p_d[:2], p_m[1:3] = 0, 0
            compare(p_d, p_m, s, "the best D where densities are zero")
        p_d, p_m = np.array([0.0, 2.0, 0.0, 1.5]), np.array([0.0, 0.0, 3.0, 0.5])
        after = student.run("smoothed_discriminator(p_d, p_m, 0.1)\nresult = [p_d, p_m]", p_d=p_d, p_m=p_m)
        expect_true("the inputs were changed", np.array_equal(after[0], p_d) and np.array_equal(after[1], p_m))

    return [outcome("random densities", usual), outcome("densities that are zero", zeros)]


# Task 6 ---------------------------------------------------------------------------------------------------------------


def count_modes(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """The ring against the roots of unity, the counts against a k-d tree and known answers."""

    def ring() -> None:
        for k in (1, 2, 3, 8, int(rng.integers(5, 30))):
            radius = float(rng.uniform(0.5, 5))
            expected = [cmath.rect(radius, 2 * math.pi * j / k) for j in range(k)]
            expect_close(
                f"the ring of {k} modes of radius {radius:.3g}",
                student.call("ring_of_modes", k, radius),
                np.array([[c.real, c.imag] for c in expected]),
                tol=1e-6,
            )

    def reference(samples: np.ndarray, centres: np.ndarray, std: float, share: float) -> tuple[int, float]:
        distance, nearest = cKDTree(centres).query(samples)
        good = nearest[distance <= 3 * std].tolist()
        return sum(good.count(j) / len(samples) >= share for j in range(len(centres))), len(good) / len(samples)

    def safe(samples: np.ndarray, centres: np.ndarray, std: float) -> np.ndarray:
        """Leave out samples near a limit or a tie, where it matters by which of its names a mode is kept."""
        distance = cKDTree(centres).query(samples, k=2)[0]
        clear = (abs(distance[:, 0] / std - 3) > 0.01) & (distance[:, 1] - distance[:, 0] > 0.01 * std)
        return samples[clear]

    def compare(what: str, samples: np.ndarray, centres: np.ndarray, std: float, share: float, named=None) -> None:
        covered, quality = reference(samples, centres, std, share)
        got = student.call("count_modes", samples, centres if named is None else named, std, share)
        got = expect_pair("count_modes", got)
        expect_close(f"{what}: the modes covered", got[0], covered, tol=0)
        expect_close(f"{what}: the share of good samples", got[1], quality, tol=1e-6)

    def mixture(n: int, centres: np.ndarray, std: float, noise: float) -> np.ndarray:
        """Samples around randomly weighted modes, some modes empty, and a share of samples anywhere."""
        weights = rng.dirichlet(np.full(len(centres), 0.6))
        samples = centres[rng.choice(len(centres), n, p=weights)] + std * rng.normal(0, 1.3, (n, 2))
        anywhere = rng.random(n) < noise
        samples[anywhere] = rng.uniform(-4, 4, (anywhere.sum(), 2))
        return safe(samples, centres, std)

    def usual() -> None:
        for k in (3, 8, 20):
            centres, std = rng.uniform(-3, 3, (k, 2)), float(rng.uniform(0.02, 0.15))
            # No share below is a count over n, so that count / n >= share and count >= share * n agree.
            for share in (0.0131, 0.0703, 0.3007):
                compare(f"{k} modes anywhere", mixture(500, centres, std, 0.3), centres, std, share)
            single = mixture(500, centres, std, 0.3).astype(np.float32)
            compare(f"{k} modes anywhere, samples in float32", single, centres, std, 0.0703)

    def edges() -> None:
        centres = np.array([[0.0, 0.0], [8.0, 0.0]])
        samples = np.array([[0.75, 0.0], [8.0, 0.5], [8.0, 0.0], [8.25, 0.0]])
        compare("a sample at exactly 3 std, a share of exactly min_share", samples, centres, 0.25, 0.25)
        compare("no sample near any mode", rng.uniform(20, 30, (15, 2)), centres, 0.25, 0.01)
        compare("one sample", np.array([[8.1, 0.1]]), centres, 0.25, 1.0)
        close = np.array([[0.0, 0.0], [0.4, 0.0], [0.0, 0.4]])  # circles of radius 0.6 that overlap
        for share in (0.0501, 0.2003):
            compare("modes whose circles overlap", mixture(300, close, 0.2, 0.1), close, 0.2, share)
        inputs = {"samples": rng.normal(0, 1, (30, 2)), "centres": np.vstack([close, close[:1]])}
        after = student.run("count_modes(samples, centres, 0.2, 0.1)\nresult = [samples, centres]", **inputs)
        same = [np.array_equal(left, right) for left, right in zip(after, inputs.values(), strict=True)]
        expect_true("the inputs were changed", all(same))

    def twice() -> None:
        angle = np.linspace(0, 2 * np.pi, 8)  # seven modes, the first named twice
        named = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        samples = safe(named[np.arange(700) % 7] + rng.normal(0, 0.05, (700, 2)), named[:7], 0.05)
        for share in (0.0101, 0.1003):  # a mode whose samples are split over its two names falls below the second
            compare("a ring from linspace", samples, named[:7], 0.05, share, named)
        centres = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
        noise = rng.uniform(-1e-4, 1e-4, (3, 2))
        samples = safe(centres[np.arange(90) % 3] + rng.normal(0, 0.1, (90, 2)), centres, 0.1)
        named = np.vstack([centres, centres + noise, centres])[rng.permutation(9)]
        for share in (0.0301, 0.2501):
            compare("modes that are named three times", samples, centres, 0.1, share, named)

    return [
        outcome("the ring", ring),
        outcome("random samples", usual),
        outcome("limits, overlaps, inputs", edges),
        outcome("modes that are named twice", twice),
    ]
