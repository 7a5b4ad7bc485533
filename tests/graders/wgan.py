"""Hidden tests of the assignment ``wgan``: one function a task, on random inputs, against independent references.

The references know nothing of the model solution: SciPy's distance, distribution functions by counting, an assignment
of single units of mass, certificates of duality, matrix powers, and networks whose gradients are written out.
Only plain values pass to and from the student's code (see ``coursekit.grading``).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import pdist
from scipy.stats import wasserstein_distance

from coursekit.grading import Outcome, Student, expect_close, expect_pair, expect_true, outcome
from coursekit.grading.tensors import NET, Arrays, call, expect_dtype, expect_untouched, expect_value_error, rounded

TOLERANCE = {"float64": 1e-6, "float32": 1e-4}  # as the exercise promises


# Task 1 ---------------------------------------------------------------------------------------------------------------


def _pull(points: np.ndarray, mass: np.ndarray, others: np.ndarray, other_mass: np.ndarray) -> np.ndarray:
    """The derivative of the area between the distribution functions by each of the points, by counting."""
    gradient = []
    for point, own in zip(points, mass, strict=True):
        before = mass[points < point].sum() - other_mass[others < point].sum()
        # A small step to the right takes the point's own mass out of F on the way.
        gradient.append(abs(before) - abs(before + own))
    return np.array(gradient)


def w1_on_line(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """The distance on the line against SciPy, its gradient against counting."""
    distance = functools.partial(call, student, "w1_on_line")

    def draw(n: int, m: int, even: bool = False) -> Arrays:
        weights = (lambda k: np.ones(k)) if even else (lambda k: rng.gamma(1.0, 1.5, k) + 1e-3)
        x, y = rng.normal(0, 1, n), rng.normal(rng.normal(), 1.5, m)
        return {"x": x, "y": y, "x_weights": weights(n), "y_weights": weights(m)}

    def compare(what: str, given: Arrays, dtype: str = "float64", strided: bool = False) -> None:
        got = distance(given, dtype=dtype, strided=strided)
        if strided:
            expect_dtype(dtype, got)
        expected = wasserstein_distance(*rounded(given, dtype).values())
        expect_close(f"the distance, {what}, {dtype}", got["value"], expected, tol=TOLERANCE[dtype])

    def usual() -> None:
        for dtype in TOLERANCE:
            for sizes in ((5, 7), (6, 6), (3, 40), (300, 200)):
                compare(f"{sizes[0]} and {sizes[1]} points", draw(*sizes), dtype)
                compare(f"{sizes[0]} and {sizes[1]} points of equal weights", draw(*sizes, even=True), dtype)

    def small() -> None:
        for sizes in ((1, 1), (1, 6), (6, 1)):
            compare(f"{sizes[0]} and {sizes[1]} points", draw(*sizes))

    def scales() -> None:
        for scale in (1e-6, 1e5):
            given = draw(6, 9)
            given["x_weights"] *= scale
            compare(f"weights around {scale:g} on one side", given)
        given = draw(6, 9)
        given["y"] += 1000
        compare("samples far apart", given)
        given["x"], given["y"] = 0.01 * given["x"], 0.01 * (given["y"] - 1000)
        compare("samples close together", given)

    def absent() -> None:
        for reach in (1.0, 1e8):
            given = draw(9, 7)
            for name, chosen in (("x", [0, 4, 8]), ("y", [1, 2])):
                given[f"{name}_weights"][chosen] = 0
                given[name][chosen] *= reach
            compare(f"points of weight 0, as far as {reach:g}", given)

    def ties() -> None:
        for _ in range(4):
            given = draw(12, 15)
            given["x"], given["y"] = rng.integers(-3, 4, 12).astype(float), rng.integers(-3, 4, 15).astype(float)
            compare("points that coincide", given)
        given = draw(8, 8)
        order = rng.permutation(8)
        given["y"], given["y_weights"] = given["x"][order], 3 * given["x_weights"][order]
        compare("one sample twice, in another order", given)

    def gradient(name: str) -> None:
        for sizes in ((6, 8), (5, 5), (1, 4), (4, 1), (40, 30)):
            for even in (False, True):
                given = draw(*sizes, even=even)
                got = distance(given, leaves=["x", "y"], weights=-1.7)
                p, q = (given[f"{side}_weights"] / given[f"{side}_weights"].sum() for side in "xy")
                pairs = {"x": (given["x"], p, given["y"], q), "y": (given["y"], q, given["x"], p)}
                what = f"the gradient by {name}, {sizes[0]} and {sizes[1]} points"
                expect_close(what, got["gradients"][name], -1.7 * _pull(*pairs[name]), tol=1e-6)

    def refused() -> None:
        for side, other in ("xy", "yx"):
            for what, bad in (
                ("a negative weight", np.array([0.5, -0.1, 0.6])),
                ("a weight that is nan", np.array([0.5, np.nan, 0.6])),
                ("weights that are all 0", np.zeros(3)),
                ("three points with two weights", np.ones(2)),
                ("three points with one weight", np.ones(1)),
            ):
                given = draw(3, 3)
                given[f"{side}_weights"] = bad
                expect_value_error(f"{what}, for {side}", functools.partial(distance, given))
            compare(f"a sample that is allowed, beside {other}", draw(3, 3))

    def untouched() -> None:
        given = draw(6, 4)
        got = distance(given)
        expect_untouched(given, got)
        expect_close("the distance of the untouched inputs", got["value"], wasserstein_distance(*given.values()))

    def views() -> None:
        for dtype in TOLERANCE:
            compare("views of other tensors", draw(7, 5), dtype, strided=True)

    return [
        outcome("random samples", usual, weight=2),
        outcome("samples of one point", small),
        outcome("weights and distances of other sizes", scales),
        outcome("points of weight 0", absent),
        outcome("points that coincide", ties),
        outcome("the gradient by x", functools.partial(gradient, "x")),
        outcome("the gradient by y", functools.partial(gradient, "y")),
        outcome("what must be refused", refused),
        outcome("inputs stay as they were", untouched),
        outcome("dtypes, and inputs that are views", views),
    ]


# Task 2 ---------------------------------------------------------------------------------------------------------------


def _least_work(cost: np.ndarray, p: np.ndarray, q: np.ndarray) -> float:
    """Least work where each pile and each hole is a number of units: an assignment of single units to single places."""
    split = np.repeat(np.repeat(cost, p, axis=0), q, axis=1)
    return float(split[linear_sum_assignment(split)].sum())


def transport(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Least work against an assignment of units; plan and prices by what makes them right."""

    def draw(n: int, m: int, room: float, earth: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Costs, and whole numbers of units for the piles and the holes; `room` times as many for the holes."""
        if rng.random() < 0.5:
            cost = np.linalg.norm(rng.normal(0, 1, (n, 1, 2)) - rng.normal(0.5, 1.5, (m, 2)), axis=2)
        else:
            cost = rng.uniform(0, 5, (n, m))
        earth = earth or 4 * max(n, m)
        p = rng.multinomial(earth, rng.dirichlet(np.full(n, 2.0)))
        q = rng.multinomial(round(room * earth), rng.dirichlet(np.full(m, 2.0)))
        return cost, p, q

    @functools.cache
    def cases() -> list[tuple[np.ndarray, np.ndarray, np.ndarray, float]]:
        """Costs, units of p and q, and the mass of a unit."""
        drawn = [
            draw(*sizes, room) for sizes, room in itertools.product(((3, 4), (5, 5), (8, 3), (2, 9)), (1.05, 1.6, 4.0))
        ]
        return [(*one, float(rng.uniform(0.02, 1.5))) for one in drawn]

    @functools.cache
    def balanced() -> list[tuple[np.ndarray, np.ndarray, np.ndarray, float]]:
        units = (1.0, 1 / 40, 0.3)
        return [(*draw(n, m, 1.0, 40), unit) for n, m in ((4, 4), (6, 9), (7, 2)) for unit in units]

    def solve(cost: np.ndarray, p: np.ndarray, q: np.ndarray) -> tuple:
        got = student.call("transport", cost, p, q)
        right = isinstance(got, Sequence) and not isinstance(got, str) and len(got) == 4
        expect_true("expected the tuple (work, plan, f, g)", right)
        return tuple(got)

    def arrays(got: tuple, cost: np.ndarray) -> tuple:
        n, m = cost.shape
        for name, part, shape in (("plan", got[1], (n, m)), ("f", got[2], (n,)), ("g", got[3], (m,))):
            expect_close(f"the shape of {name}", np.shape(part), shape, tol=0)
        work, plan, f, g = (np.asarray(part, dtype=float) for part in got)
        return work, plan, f, g

    def least(what: str, cost: np.ndarray, p: np.ndarray, q: np.ndarray, unit: float) -> None:
        got = solve(cost, p * unit, q * unit)
        expect_close(f"the least work, {what}", got[0], _least_work(cost, p, q) * unit, tol=1e-6)

    def planned(what: str, cost: np.ndarray, p: np.ndarray, q: np.ndarray, unit: float) -> None:
        _, plan, _, _ = arrays(solve(cost, p * unit, q * unit), cost)
        what = f"{what}, {cost.shape[0]} piles and {cost.shape[1]} holes"
        expect_true(f"{what}: the plan has an entry below 0", plan.min() >= -1e-9)
        expect_close(f"{what}: what leaves the piles", plan.sum(axis=1), p * unit, tol=1e-6)
        excess = np.maximum(plan.sum(axis=0) - q * unit, 0)
        expect_close(f"{what}: what a hole has above its room", excess, np.zeros(len(q)), tol=1e-6)
        expect_close(f"{what}: the work of the plan", (plan * cost).sum(), _least_work(cost, p, q) * unit, tol=1e-6)

    def priced(what: str, cost: np.ndarray, p: np.ndarray, q: np.ndarray, unit: float) -> None:
        _, _, f, g = arrays(solve(cost, p * unit, q * unit), cost)
        what = f"{what}, {cost.shape[0]} piles and {cost.shape[1]} holes"
        dearer = np.maximum(f[:, None] + g - cost, 0).max()
        expect_close(f"{what}: by how much f_i + g_j is above c_ij", dearer, 0.0, tol=1e-6)
        expect_close(f"{what}: the largest g_j above 0", np.maximum(g, 0).max(), 0.0, tol=1e-6)
        earned = f @ p * unit + g @ q * unit
        expect_close(f"{what}: what the prices earn", earned, _least_work(cost, p, q) * unit, tol=1e-6)

    def every(test: Callable, what: str, given: Callable[[], list]) -> Callable[[], None]:
        def run() -> None:
            for case in given():
                test(what, *case)

        return run

    def full() -> None:
        for case in balanced():
            for test in (least, planned, priced):
                test("as much room as earth", *case)
        for _ in range(8):  # sums that differ in the last digit, on either side
            cost, p, q = draw(4, 6, 1.0, 60)
            got = solve(cost, p / p.sum(), q / q.sum() * (1 + rng.choice([-1e-12, 0.0, 1e-12])))
            expect_close("the least work, sums equal up to rounding", got[0], _least_work(cost, p, q) / 60, tol=1e-6)

    def small() -> None:
        for sizes in ((1, 1), (1, 5), (5, 1), (2, 2)):
            for room in (1.0, 1.7):
                for test in (least, planned, priced):
                    test(f"{sizes[0]} piles, {sizes[1]} holes", *draw(*sizes, room, 30), 0.1)

    def empty() -> None:
        for room in (1.0, 1.5):
            cost, p, q = draw(5, 6, room, 40)
            p[[0, 3]], q[[1, 4]] = 0, 0
            q[0] += max(0, math.ceil(room * p.sum()) - q.sum())
            for test in (least, planned, priced):
                test("with empty piles and holes without room", cost, p, q, 0.2)
        cost, p, q = draw(3, 4, 1.0)
        for test in (least, planned, priced):
            test("with nothing to move", cost, 0 * p, q, 1.0)

    def refused() -> None:
        cost, p, q = draw(3, 4, 1.5)
        p, q = p + 1.0, q + 2.0

        def refuse(what: str, *args: np.ndarray) -> None:
            expect_value_error(what, functools.partial(student.call, "transport", *args))

        refuse("less room than earth, by a tenth", cost, p, 0.9 * q / q.sum() * p.sum())
        refuse("less room than earth, by a millionth", cost, p, (1 - 1e-6) * q / q.sum() * p.sum())
        refuse("less room than earth, by a hundredth of little earth", cost, 1e-9 * p, 0.99e-9 * q / q.sum() * p.sum())
        refuse("a negative pile", cost, p - [p[0] + 0.1, 0, 0], q)
        refuse("a hole of negative room", cost, p, q - [0, 0, q[2] + 0.1, 0] + [20, 0, 0, 0])
        refuse("a pile that is nan", cost, p * [1, np.nan, 1], q)
        refuse("a hole that is nan", cost, p, q * [1, 1, np.nan, 1])
        refuse("costs with rows and columns exchanged", cost.T, p, q)
        refuse("two piles for three rows", cost, p[:2], q)
        refuse("five holes for four columns", cost, p, np.append(q, 1.0))
        expect_close("the least work with one unit", solve(cost, np.eye(3)[1], np.ones(4))[0], cost[1].min(), tol=1e-6)

    def untouched() -> None:
        cost, p, q = draw(4, 5, 1.3, 30)
        given = {"cost": cost, "p": p / 30, "q": q / 30}
        after = student.run("work = transport(cost, p, q)[0]\nresult = [cost, p, q, work]", **given)
        same = [np.array_equal(left, right) for left, right in zip(after, given.values(), strict=False)]
        expect_true("the inputs were changed", all(same))
        expect_close("the least work of the untouched inputs", after[3], _least_work(cost, p, q) / 30, tol=1e-6)

    return [
        outcome("the least work", every(least, "room to spare", cases), weight=2),
        outcome("the plan", every(planned, "room to spare", cases), weight=2),
        outcome("the prices", every(priced, "room to spare", cases), weight=2),
        outcome("as much room as earth", full, weight=2),
        outcome("one pile, one hole", small),
        outcome("empty piles, holes without room", empty),
        outcome("what must be refused", refused),
        outcome("inputs stay as they were", untouched),
    ]


# Task 3 ---------------------------------------------------------------------------------------------------------------

_BOUNDS = """
import torch

layers = []
for weight, bias in zip(weights, biases):
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
    layer.weight.data, layer.bias.data = torch.tensor(weight), torch.tensor(bias)
    layers += [layer, torch.nn.LeakyReLU(slope)]
net = torch.nn.Sequential(*layers[:-1])
for parameter in net.parameters():
    parameter.requires_grad_(not frozen)
    parameter.grad = torch.full_like(parameter, 0.375)
points = torch.tensor(x)
before = [parameter.detach().clone() for parameter in net.parameters()]
answer = lipschitz_bounds(net, points)
same = all(torch.equal(a, b) for a, b in zip(before, net.parameters()))
same_grad = all(p.grad is not None and bool((p.grad == 0.375).all()) for p in net.parameters())
same_flag = all(p.requires_grad != frozen for p in net.parameters())
result = {
    "answer": answer,
    "parameters": same,
    "`.grad`": same_grad,
    "requires_grad of a parameter": same_flag,
    "x": bool((points == torch.tensor(x)).all()) and not points.requires_grad,
}
"""


class _Net:
    """A net of linear layers and leaky ReLUs, in NumPy, with its input gradient written out."""

    def __init__(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray], slope: float):
        self.weights, self.biases, self.slope = list(weights), list(biases), slope

    def pairs(self, x: np.ndarray) -> float:
        """The largest slope between two different points."""
        f = x
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            f = np.where(f > 0, f, self.slope * f) if k else f
            f = f @ weight.T + bias
        if len(x) == 1:
            return 0.0
        distance = pdist(x)
        return float((pdist(f)[distance > 0] / distance[distance > 0]).max(initial=0.0))

    def gradients(self, x: np.ndarray) -> float:
        """The largest gradient norm at a point."""
        norms = []
        for point in x:
            jacobian, a = np.eye(len(point)), point
            for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
                if k:
                    jacobian = np.where(a > 0, 1.0, self.slope)[:, None] * jacobian
                    a = np.where(a > 0, a, self.slope * a)
                jacobian, a = weight @ jacobian, weight @ a + bias
            norms.append(np.linalg.norm(jacobian))
        return float(max(norms))

    def upper(self) -> float:
        return math.prod(float(np.linalg.svd(weight, compute_uv=False)[0]) for weight in self.weights)


def lipschitz_bounds(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Both bounds and the verdict, against nets in NumPy with gradients written out."""

    def random_net(*sizes: int, slope: float = 0.2, scale: float = 1.0) -> _Net:
        shapes = [(m, n) for n, m in itertools.pairwise(sizes)]
        weights = [rng.normal(0, scale / math.sqrt(shape[1]), shape) for shape in shapes]
        return _Net(weights, [rng.normal(0, 0.3, shape[0]) for shape in shapes], slope)

    def ramp(height: float, start: float = 0.0, stop: float = 1.0) -> _Net:
        """Flat, a ramp from start to stop, flat."""
        slope = height / (stop - start)
        weights = [np.ones((2, 1)), np.array([[slope, -slope]])]
        return _Net(weights, [np.array([-start, -stop]), np.zeros(1)], 0.0)

    def ask(net: _Net, x: np.ndarray, frozen: bool = False) -> tuple[list, dict]:
        given = {"weights": net.weights, "biases": net.biases, "slope": net.slope, "x": x, "frozen": frozen}
        got = student.run(_BOUNDS, **given)
        answer = got.pop("answer")
        expect_true("expected the tuple (lower, upper, verdict)", isinstance(answer, list) and len(answer) == 3)
        return answer, got

    def compare(what: str, net: _Net, x: np.ndarray, parts: str = "lower upper verdict", frozen: bool = False) -> None:
        lower, upper, verdict = ask(net, x, frozen)[0]
        seen, bound = max(net.pairs(x), net.gradients(x)), net.upper()
        what = f"{what}, n = {x.shape[0]}, d = {x.shape[1]}"
        if "lower" in parts:
            expect_close(f"the largest slope seen, {what}", lower, seen, tol=1e-6)
        if "upper" in parts:
            expect_close(f"the product of the spectral norms, {what}", upper, bound, tol=1e-6)
        if "verdict" in parts:
            expected = "no" if seen > 1 + 1e-6 else "yes" if bound <= 1 + 1e-6 else "unknown"
            said = f"the verdict for {seen:.6g} and {bound:.6g}: expected {expected!r}, got {verdict!r}"
            expect_true(said, verdict == expected)

    @functools.cache
    def cases() -> list[tuple[str, _Net, np.ndarray]]:
        drawn = []
        for sizes in ((2, 16, 16, 1), (1, 8, 1), (5, 7, 1), (3, 12, 6, 9, 1), (1, 1), (3, 1)):
            for scale in (0.15, 0.4, 1.0, 3.0):
                net = random_net(*sizes, slope=float(rng.choice([0.01, 0.2, 0.5, 1.0])), scale=scale)
                drawn.append((f"net {sizes}", net, rng.normal(0, 1, (int(rng.integers(5, 50)), sizes[0]))))
        return drawn

    def usual(part: str) -> None:
        for case in cases():
            compare(*case, part)

    def cliffs() -> None:
        for height in (0.3, 5.0, -5.0):
            flat = rng.uniform(-3, -0.5, 5), rng.uniform(1.5, 3, 5)
            compare("points beside a ramp", ramp(height), np.concatenate(flat)[:, None], "lower")
            on_it = np.array([rng.uniform(0.3, 0.7), -50.0, 60.0])[:, None]
            compare("one point on a ramp, others far off", ramp(height), on_it, "lower")
            many = np.concatenate([rng.uniform(-9, -0.5, 30), rng.uniform(1.5, 9, 30)])
            compare("many points beside a ramp", ramp(height), rng.permutation(many)[:, None], "lower")
            # The same in space: the ramp rises along a direction, and no gradient is seen.
            rise = np.full(4, 0.5)
            net = ramp(height)
            net = _Net([net.weights[0] * rise, net.weights[1]], net.biases, net.slope)
            across = rng.normal(0, 0.2, (8, 4))
            across += (rng.choice([-1.0, 2.0], 8) - across @ rise)[:, None] * rise
            compare("points beside a ramp in space", net, across, "lower")

    def few() -> None:
        compare("one point", random_net(2, 9, 1), rng.normal(0, 1, (1, 2)), "lower")
        for net in (ramp(3.0), ramp(0.2)):
            compare("points that coincide", net, np.array([[2.0], [-1.0], [2.0], [2.0], [-1.0]]), "lower")
            compare("one point three times", net, np.full((3, 1), 0.5), "lower")
        x = rng.normal(0, 1, (12, 2))
        compare("each point three times", random_net(2, 9, 1), np.tile(x, (3, 1)), "lower")
        # Flat, a narrow ramp far from 0, flat: |x|² + |y|² - 2xy would lose the digits of the distances.
        # The steepest pair comes first: this is about digits, not about which pairs are compared.
        out = np.sort(rng.uniform(0, 0.002, (2, 15)))
        beside = 5000 + np.stack([-out[0], 0.001 + out[1]], axis=1).reshape(-1, 1)
        compare("points close together", ramp(0.0005, 5000.0, 5000.001), beside, "lower")

    def limits() -> None:
        def turn(n: int) -> np.ndarray:
            return np.linalg.qr(rng.normal(0, 1, (n, n)))[0]

        for _ in range(6):
            rotations = [turn(3), turn(3), turn(3)[:1]]
            net = _Net(rotations, [rng.normal(0, 0.3, len(w)) for w in rotations], 1.0)
            compare("a net of slope exactly 1", net, rng.normal(0, 1, (20, 3)), "verdict")
        for _ in range(4):
            compare("a ramp of slope exactly 1", ramp(1.0), rng.uniform(0, 1, (30, 1)), "verdict")
        for height in (1.0001, 0.9999, 1.01):
            compare(f"a ramp of slope {height}", ramp(height), rng.uniform(0, 1, (5, 1)), "verdict")
        for norm in (0.9999, 1.0001):
            weights = [turn(4), norm * turn(4)[:1]]
            net = _Net(weights, [np.zeros(4), np.zeros(1)], 0.0)
            compare(
                f"a bound of {norm}", net, -np.linalg.solve(weights[0], np.full((2, 4), 1.0).T * [1, 2]).T, "verdict"
            )

    def untouched() -> None:
        for frozen in (False, True):
            net, x = random_net(2, 6, 6, 1), rng.normal(0, 1, (7, 2))
            for what, same in ask(net, x, frozen)[1].items():
                expect_true(f"lipschitz_bounds has changed {what}", same)
            compare("parameters with and without requires_grad", net, x, "upper", frozen)

    return [
        outcome("the largest slope seen", functools.partial(usual, "lower"), weight=2),
        outcome("the product of the norms", functools.partial(usual, "upper")),
        outcome("the verdict", functools.partial(usual, "verdict")),
        outcome("cliffs between points", cliffs, weight=2),
        outcome("few points, equal points, close points", few),
        outcome("slopes and bounds close to 1", limits),
        outcome("net and points stay as they were", untouched),
    ]


# Task 4 ---------------------------------------------------------------------------------------------------------------

_PENALTIES = """
import torch

kind = getattr(torch, dtype)


class Critic(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(W.shape[1], W.shape[0], dtype=kind)
        self.last = torch.nn.Linear(W.shape[0], 1, dtype=kind)
        for parameter, array in zip(self.parameters(), (W, b, a[None], c)):
            parameter.data = torch.tensor(array, dtype=kind)
            parameter.grad = torch.full_like(parameter, 0.375)

    def forward(self, x):
        hidden = self.first(x.reshape(len(x), -1))
        scores = self.last(hidden.relu() if kinked else hidden.tanh())
        return scores[:, 0] if flat else scores


critic = Critic()
gain = torch.ones((), dtype=kind, requires_grad=True)
tensors = {}
for name, array in (("x", x), ("y", y), ("eps", eps)):
    tensor = torch.tensor(array, dtype=kind)
    if strided:
        tensor = tensor.repeat_interleave(2, dim=0)[::2] if tensor.dim() == 1 else (
            tensor.transpose(0, -1).contiguous().transpose(0, -1))
    tensors[name] = tensor
the_y = gain * tensors["y"] if attached else tensors["y"]
pair = gradient_penalties(critic, tensors["x"], the_y, tensors["eps"])
if not isinstance(pair, (tuple, list, torch.Tensor)) or len(pair) != 2:
    raise TypeError("gradient_penalties must return a pair of tensors")
same_grad = all(p.grad is not None and bool((p.grad == 0.375).all()) for p in critic.parameters())
gradients = []
for value in pair:
    if not (isinstance(value, torch.Tensor) and value.requires_grad and value.shape == (len(x),)):
        gradients.append(None)
        continue
    total = (value * torch.tensor(weights, dtype=kind)).sum()
    leaves = [*critic.parameters(), gain]
    found = torch.autograd.grad(total, leaves, retain_graph=True, allow_unused=True)
    gradients.append([torch.zeros_like(p) if g is None else g for p, g in zip(leaves, found)])
result = {
    "pair": list(pair),
    "gradients": gradients,
    "kinds": [str(getattr(value, "dtype", type(value).__name__)) for value in pair],
    "same_grad": same_grad,
    "same": all(bool((t == torch.tensor(v, dtype=kind)).all()) for t, v in zip(tensors.values(), (x, y, eps))),
    "switched": any(t.requires_grad for t in tensors.values()),
}
"""


def _penalties(given: dict, dtype: str) -> tuple[list, list]:
    """Both penalties and their gradients by W, b, a, c, from the critic's input gradient, which is written out."""
    numbers = {
        name: np.asarray(given[name]).astype(dtype).astype(float) for name in ("W", "b", "a", "c", "x", "y", "eps")
    }
    W, b, a, c = (torch.tensor(numbers[name], requires_grad=True) for name in "Wbac")
    flat_x, flat_y = (torch.tensor(numbers[name].reshape(len(given["eps"]), -1)) for name in "xy")
    eps = torch.tensor(numbers["eps"])[:, None]
    hidden = (flat_y + eps * (flat_x - flat_y)) @ W.T + b
    slope = (hidden > 0).double() if given["kinked"] else 1 - hidden.tanh() ** 2
    by_x = (slope * a) @ W
    squared = (by_x**2).sum(dim=1)
    dead = squared == 0
    norm = torch.where(dead, 0.0, torch.sqrt(torch.where(dead, 1.0, squared)))
    pair = (norm - 1) ** 2, torch.where(norm > 1, (norm - 1) ** 2, 0.0)
    gradients = []
    for value in pair:
        total = (value * torch.tensor(np.asarray(given["weights"]).astype(dtype).astype(float))).sum()
        found = torch.autograd.grad(total, [W, b, a, c], retain_graph=True, allow_unused=True)
        zeros = [torch.zeros_like(t) for t in (W, b, a, c)]
        gradients.append([z if g is None else g for g, z in zip(found, zeros, strict=True)])
    return [value.detach() for value in pair], gradients


def gradient_penalties(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Both penalties and their gradients, against a critic whose input gradient is written out."""

    def draw(n: int, *shape: int, hidden: int = 6, scale: float = 1.0) -> dict:
        d = math.prod(shape)
        return {
            "W": rng.normal(0, 1.2 / math.sqrt(d), (hidden, d)),
            "b": rng.normal(0, 0.4, hidden),
            "a": scale * rng.normal(0, 1.2, hidden),
            "c": rng.normal(0, 1, 1),
            "x": rng.normal(0.5, 1, (n, *shape)),
            "y": rng.normal(-0.5, 1, (n, *shape)),
            "eps": rng.uniform(0, 1, n),
            "weights": rng.normal(0, 1, n),
            "kinked": False,
            "flat": bool(rng.random() < 0.5),
            "attached": False,
            "strided": False,
        }

    points = [draw(*shape) for shape in ((5, 2), (3, 3), (1, 4), (4, 1), (6, 5))]
    images = [draw(*shape) for shape in ((3, 2, 4, 4), (3, 3, 3), (4, 4, 4, 4), (2, 1, 3, 5), (1, 2, 2))]

    def ask(given: dict, dtype: str) -> dict:
        return student.run(_PENALTIES, **given, dtype=dtype)

    def values(what: str, given: dict, dtype: str, sides: Sequence[int] = (0, 1), tol: float | None = None) -> None:
        got, expected = ask(given, dtype), _penalties(given, dtype)[0]
        for side in sides:
            name = f"the {('two', 'one')[side]}-sided penalty, {what}, {dtype}"
            expect_close(name, got["pair"][side], expected[side], tol=tol or TOLERANCE[dtype])

    def expect_reaches(got: dict, side: int) -> None:
        lost = "is create_graph=True missing, a detach too many, or the shape not (n,)?"
        said = f"no gradient of the {('two', 'one')[side]}-sided penalty reaches the critic: {lost}"
        expect_true(said, got["gradients"][side] is not None)

    def slopes(what: str, given: dict, dtype: str, sides: Sequence[int] = (0, 1), tol: float | None = None) -> None:
        got, expected = ask(given, dtype), _penalties(given, dtype)[1]
        for side in sides:
            expect_reaches(got, side)
            for name, left, right in zip("Wbac", got["gradients"][side], expected[side], strict=False):
                name = f"the gradient of the {('two', 'one')[side]}-sided penalty by {name}, {what}, {dtype}"
                expect_close(name, np.reshape(left, right.shape), right, tol=tol or TOLERANCE[dtype])

    def usual(cases: Sequence[dict], sides: Sequence[int]) -> None:
        for dtype in TOLERANCE:
            for given in cases:
                values(f"samples of shape {given['x'].shape}", given, dtype, sides)

    def gradients(cases: Sequence[dict]) -> None:
        for given in cases:
            slopes(f"samples of shape {given['x'].shape}", given, "float64")

    def ends() -> None:
        given = draw(6, 2)
        given["eps"] = np.array([0.0, 1.0, 0.0, 1.0, 0.5, 1.0])
        values("eps of 0 and 1", given, "float64")
        for scale in (0.1, 8.0):
            values("a flat critic" if scale < 1 else "a steep critic", draw(6, 3, scale=scale), "float64")

    def dead() -> None:
        for dtype in TOLERANCE:
            given = draw(5, 3, hidden=8) | {"kinked": True, "b": rng.normal(-0.3, 0.2, 8)}
            # The first and the third sample lie where no unit of the critic is on.
            off = np.linalg.lstsq(given["W"], np.full(8, -1.0), rcond=None)[0]
            given["W"] = np.abs(given["W"]) * np.sign(-off)
            for name in "xy":
                given[name][[0, 2]] = 20 * off
            values("a critic that is flat at two samples", given, dtype, tol=1e-4)
            slopes("a critic that is flat at two samples", given, dtype, tol=1e-4)

    def generator() -> None:
        for given in (draw(5, 2), draw(3, 4)):
            given["attached"] = True
            got = ask(given, "float64")
            values("samples with the graph of a generator", given, "float64")
            for side in (0, 1):
                expect_reaches(got, side)
                expect_close("the gradient that reaches the generator", got["gradients"][side][-1], 0.0, tol=1e-12)

    def untouched() -> None:
        for given in points[:2]:
            got = ask(given, "float64")
            expect_true("`.grad` of the critic's parameters has changed", got["same_grad"])
            expect_true("an input was changed; work on a copy", got["same"] and not got["switched"])
            values("after the critic was looked over", given, "float64")

    def views() -> None:
        for dtype in TOLERANCE:
            for given in (draw(4, 3), draw(3, 2, 4, 5)):
                given["strided"] = True
                got = ask(given, dtype)
                expect_true(f"expected tensors of {dtype}, got {got['kinds']}", got["kinds"] == [f"torch.{dtype}"] * 2)
                values("views of other tensors", given, dtype)

    return [
        outcome("the two-sided penalty of points", functools.partial(usual, points, [0])),
        outcome("the one-sided penalty of points", functools.partial(usual, points, [1])),
        outcome("the gradients for points", functools.partial(gradients, points), weight=2),
        outcome("the penalties of images", functools.partial(usual, images, [0, 1])),
        outcome("the gradients for images", functools.partial(gradients, images)),
        outcome("eps of 0 and 1, flat and steep critics", ends),
        outcome("samples where the critic is flat", dead),
        outcome("nothing reaches the generator", generator),
        outcome("critic and inputs stay as they were", untouched),
        outcome("dtypes, and inputs that are views", views),
    ]


# Task 5 ---------------------------------------------------------------------------------------------------------------


def _iterated(weight: np.ndarray, u: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray, float]:
    """u, v and sigma after some steps, from powers of the matrix: nothing is iterated."""
    matrix = weight.reshape(len(weight), -1)
    matrix = matrix / np.linalg.norm(matrix)
    power = np.linalg.matrix_power(matrix @ matrix.T, steps - 1)
    v = matrix.T @ (power @ u)
    new = matrix @ v
    u, v = new / np.linalg.norm(new), v / np.linalg.norm(v)
    return u, v, float(u @ weight.reshape(len(weight), -1) @ v)


def spectral_normalise(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Weight and vector against powers of the matrix, the gradient written out, the limit against the exact norm."""
    normalise = functools.partial(call, student, "spectral_normalise")
    shapes = ((3, 5), (5, 3), (4, 4), (1, 6), (6, 1), (1, 1), (4, 2, 3, 3), (3, 3, 3), (4, 4, 4, 4))

    def draw(*shape: int, scale: float = 1.0) -> Arrays:
        return {"weight": scale * rng.normal(0, 1, shape), "u": rng.normal(0, 1, shape[0])}

    def parts(got: dict) -> tuple:
        return expect_pair("spectral_normalise", got["value"])

    def compare(
        what: str, given: Arrays, steps: int, which: Sequence[int], dtype: str = "float64", strided: bool = False
    ) -> None:
        got = normalise(given, steps, dtype=dtype, strided=strided, part=0)
        if strided:
            expect_dtype(dtype, got)
        exact = rounded(given, dtype)
        u, _, sigma = _iterated(exact["weight"], exact["u"], steps)
        for k, (name, right) in enumerate((("the weight", exact["weight"] / sigma), ("the new u", u))):
            if k in which:
                name = f"{name}, {what}, {steps} steps, {dtype}"
                expect_close(name, parts(got)[k], right, tol=TOLERANCE[dtype])

    def usual(which: int) -> None:
        for dtype in TOLERANCE:
            for shape in shapes[:6]:
                for steps in (1, 2, 4):
                    compare(f"shape {shape}", draw(*shape), steps, (which,), dtype)

    def convolutions() -> None:
        for dtype in TOLERANCE:
            for shape in shapes[6:]:
                for steps in (1, 3):
                    compare(f"shape {shape}", draw(*shape), steps, (0, 1), dtype)

    def scales() -> None:
        for scale in (2e-4, 1e3):
            compare(f"weights around {scale:g}", draw(4, 6, scale=scale), 2, (0, 1))
            given = draw(4, 6)
            given["u"] *= scale
            compare(f"a start of length around {scale:g}", given, 2, (0, 1))

    def gradient() -> None:
        for shape in (*shapes[:5], *shapes[6:]):
            for steps in (1, 3):
                given, outer = draw(*shape), rng.normal(0, 1, shape)
                got = normalise(given, steps, leaves=["weight"], weights=outer, part=0)
                u, v, sigma = _iterated(given["weight"], given["u"], steps)
                along = (outer * given["weight"]).sum() / sigma**2
                expected = outer / sigma - along * np.outer(u, v).reshape(shape)
                what = f"the gradient by a weight of shape {shape}, {steps} steps"
                expect_close(what, got["gradients"]["weight"], expected, tol=1e-6)

    def goes_on() -> None:
        for shape in ((5, 4), (3, 2, 2)):
            given = draw(*shape)
            snippet = (
                "import torch\nw = torch.tensor(weight, requires_grad=True)\nu = torch.tensor(u)\nkept = []\n"
                "for k in counts:\n    normal, u = spectral_normalise(w, u, k)\n    kept.append([normal, u])\n"
                "    if isinstance(u, torch.Tensor) and u.requires_grad:\n"
                "        raise TypeError('the new u carries a graph')\nresult = kept"
            )
            counts = [1, 2, 1, 3]
            got = student.run(snippet, **given, counts=counts)
            for total, (normal, u) in zip(itertools.accumulate(counts), got, strict=True):
                right_u, _, sigma = _iterated(given["weight"], given["u"], total)
                expect_close(f"u after {total} steps in several calls", u, right_u, tol=1e-6)
                expect_close(
                    f"the weight after {total} steps in several calls", normal, given["weight"] / sigma, tol=1e-6
                )

    def exact() -> None:
        for shape in ((6, 9), (8, 3), (3, 2, 2, 2)):
            left = np.linalg.qr(rng.normal(0, 1, (shape[0],) * 2))[0]
            right = np.linalg.qr(rng.normal(0, 1, (math.prod(shape[1:]),) * 2))[0]
            k = min(len(left), len(right))
            singular = np.array([3.0, *rng.uniform(0.1, 1.5, k - 1)])  # a gap, so that forty steps are enough
            weight = ((left[:, :k] * singular) @ right[:k]).reshape(shape)
            normal, _ = parts(normalise({"weight": weight, "u": rng.normal(0, 1, shape[0])}, 40))
            expect_close(f"the weight of shape {shape} over its norm 3", normal, weight / 3, tol=1e-6)

    def zeros() -> None:
        for shape in ((3, 4), (1, 1), (2, 3, 2, 2)):
            given = draw(*shape, scale=0.0)
            normal, u = parts(normalise(given, 2))
            expect_close(f"a weight of zeros of shape {shape}", normal, np.zeros(shape), tol=1e-12)
            expect_close("u with a weight of zeros", u, given["u"], tol=1e-12)
        compare("a weight that is not zeros", draw(3, 4), 1, (0, 1))
        given = draw(3, 4)
        given["weight"][1:] = 0
        compare("a weight with rows of zeros", given, 2, (0, 1))

    def untouched() -> None:
        for shape in ((4, 5), (3, 2, 2)):
            given = draw(*shape)
            got = normalise(given, 2)
            expect_untouched(given, got)
            u, _, sigma = _iterated(given["weight"], given["u"], 2)
            expect_close("the weight from untouched inputs", parts(got)[0], given["weight"] / sigma)
            expect_close("the new u from untouched inputs", parts(got)[1], u)

    def views() -> None:
        for dtype in TOLERANCE:
            for shape in ((4, 3), (3, 2, 4, 5)):
                compare("views of other tensors", draw(*shape), 2, (0, 1), dtype, strided=True)

    return [
        outcome("the weight", functools.partial(usual, 0), weight=2),
        outcome("the new u", functools.partial(usual, 1)),
        outcome("convolutions", convolutions),
        outcome("the gradient", gradient, weight=2),
        outcome("several calls", goes_on),
        outcome("many steps", exact),
        outcome("other sizes", scales),
        outcome("zeros", zeros),
        outcome("inputs stay as they were", untouched),
        outcome("dtypes, and inputs that are views", views),
    ]


# Task 6 ---------------------------------------------------------------------------------------------------------------

_ROUNDS = (
    NET
    + """
import torch

kind = getattr(torch, dtype)


def values(module):
    return [p.detach().clone().numpy() for p in module.parameters()]


def leave_something():
    for p in [*the_f.parameters(), *the_g.parameters()]:
        p.grad = torch.full_like(p, stale)


the_f, the_g = net(weights_f), net(weights_g)
make = getattr(torch.optim, optimizer)
opt_f, opt_g = make(the_f.parameters(), **settings), make(the_g.parameters(), **settings)
order, g_at_f, reached, f_at_g = [], [], [], []


def before_f(*_):
    order.append("f")
    g_at_f.append(values(the_g))
    gradients = [p.grad for p in the_g.parameters() if p.grad is not None]
    reached.append(any(bool(((g != stale) & (g != 0)).any()) for g in gradients))


def before_g(*_):
    order.append("g")
    f_at_g.append(values(the_f))


opt_f.register_step_pre_hook(before_f)
opt_g.register_step_pre_hook(before_g)
answers, trail, inputs = [], [], []
for x, z, z_g in zip(xs, zs, zs_g):
    leave_something()
    given = [torch.tensor(array, dtype=kind) for array in (x, z, z_g)]
    answers.append(wgan_round(the_f, the_g, opt_f, opt_g, *given, limit))
    trail.append([values(the_f), values(the_g)])
    inputs.append(all(bool((t == torch.tensor(v, dtype=kind)).all()) for t, v in zip(given, (x, z, z_g))))
result = {
    "answers": answers,
    "trail": trail,
    "order": "".join(order),
    "g_at_f": g_at_f,
    "reached": reached,
    "f_at_g": f_at_g,
    "trainable": all(p.requires_grad for p in [*the_f.parameters(), *the_g.parameters()]),
    "inputs": all(inputs),
}
"""
)


def _perceptron(weights: Sequence[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    for i in range(0, len(weights), 2):
        x = (torch.tanh(x) if i else x) @ weights[i].T + weights[i + 1]
    return x


def _reference_rounds(case: dict) -> tuple[list, list]:
    """The rounds with bare tensors: each gradient is that of one loss by one player's parameters and nothing else."""
    f, g = ([torch.tensor(w, requires_grad=True) for w in case[name]] for name in ("weights_f", "weights_g"))
    make = getattr(torch.optim, case["optimizer"])
    opt_f, opt_g = (make(weights, **case["settings"]) for weights in (f, g))

    def step(loss: torch.Tensor, weights: list[torch.Tensor], optimizer: torch.optim.Optimizer) -> None:
        for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            weight.grad = gradient
        optimizer.step()

    answers, trail = [], []
    for xs, zs, z_g in zip(case["xs"], case["zs"], case["zs_g"], strict=True):
        gaps = []
        for x, z in zip(xs, zs, strict=True):
            fake = _perceptron(f, _perceptron(g, torch.tensor(z)))
            loss = torch.mean(fake) - torch.mean(_perceptron(f, torch.tensor(x)))
            gaps.append(-loss.item())
            step(loss, f, opt_f)
            for weight in f:
                weight.data = torch.tensor(np.clip(weight.detach().numpy(), -case["limit"], case["limit"]))
        loss = torch.mean(_perceptron(f, _perceptron(g, torch.tensor(z_g)))).neg()
        step(loss, g, opt_g)
        answers.append([gaps, loss.item()])
        trail.append([[w.detach().numpy().copy() for w in weights] for weights in (f, g)])
    return answers, trail


def wgan_round(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Parameters and reports after one and several rounds, and who touched whom."""

    def weights(*sizes: int) -> list[np.ndarray]:
        return [a for n, m in itertools.pairwise(sizes) for a in (rng.normal(0, 0.8, (m, n)), rng.normal(0, 0.4, m))]

    def case(
        optimizer: str, settings: dict, rounds: int, steps: int, limit: float, b: int = 6, dtype: str = "float64"
    ) -> dict:
        d, k, n = 2, 3, 6
        return {
            "weights_f": weights(d, 5, 1),
            "weights_g": weights(k, 4, d),
            "xs": rng.normal(1, 1, (rounds, steps, n, d)),
            "zs": rng.normal(0, 1, (rounds, steps, b, k)),
            "zs_g": rng.normal(0, 1, (rounds, b + 1, k)),
            "optimizer": optimizer,
            "settings": settings,
            "limit": limit,
            "dtype": dtype,
            "stale": 0.375,
        }

    chosen = {
        "one step, wide limits": case("SGD", {"lr": 0.2}, 1, 1, 50.0),
        "three steps, wide limits": case("SGD", {"lr": 0.2}, 1, 3, 50.0),
        "narrow limits": case("SGD", {"lr": 0.2}, 2, 3, 0.1),
        "momentum": case("SGD", {"lr": 0.1, "momentum": 0.9}, 3, 2, 0.6),
        "RMSprop": case("RMSprop", {"lr": 0.02}, 3, 4, 0.5, b=4),
        "Adam": case("Adam", {"lr": 0.03, "betas": [0.0, 0.9]}, 3, 2, 0.7, b=9),
        "single": case("SGD", {"lr": 0.2}, 2, 2, 0.4, b=4, dtype="float32"),
    }
    reference = functools.cache(lambda name: _reference_rounds(chosen[name]))

    @functools.cache
    def played(name: str) -> dict:
        return student.run(_ROUNDS, **chosen[name])

    def expect_weights(what: str, got: list, expected: list, tol: float = 1e-7) -> None:
        for i, (left, right) in enumerate(zip(got, expected, strict=True)):
            expect_close(f"{what}, array {i}", left, right, tol=tol)

    def players(names: Sequence[str], which: Sequence[int]) -> Callable[[], None]:
        def test() -> None:
            for name in names:
                pairs = zip(played(name)["trail"], reference(name)[1], strict=True)
                for t, (left, right) in enumerate(pairs, start=1):
                    for k in which:
                        who = ("the critic", "the generator")[k]
                        expect_weights(f"{name}: the parameters of {who} after round {t}", left[k], right[k])

        return test

    def returned() -> None:
        for name in ("three steps, wide limits", "narrow limits", "Adam", "single"):
            tol = TOLERANCE[chosen[name]["dtype"]]
            for got, (gaps, loss) in zip(played(name)["answers"], reference(name)[0], strict=True):
                pair = expect_pair("wgan_round", got)
                expect_close(f"{name}: the gaps before each step of the critic", pair[0], gaps, tol=tol)
                expect_close(f"{name}: the loss of the generator before its step", pair[1], loss, tol=tol)

    def apart() -> None:
        name = "momentum"
        got = played(name)
        expect_true(f"expected the steps ffgffgffg, got {got['order']}", got["order"] == "ffg" * 3)
        before = [chosen[name]["weights_g"], *(g for _, g in got["trail"][:-1])]
        for k, during in enumerate(got["g_at_f"]):
            expect_weights("the parameters of the generator in a step of the critic", during, before[k // 2], tol=1e-12)
        for during, (after, _) in zip(got["f_at_g"], got["trail"], strict=True):
            expect_weights("the parameters of the critic in the step of the generator", after, during, tol=1e-12)
        expect_true("when opt_f.step() ran, a gradient had reached the generator", not any(got["reached"]))
        expect_true("a parameter was left with requires_grad off", got["trainable"])
        expect_true("data or noise were changed", got["inputs"])
        # Standing still touches nobody either; it earns nothing here.
        moved = [any(not np.array_equal(a, b) for a, b in zip(before[0], got["trail"][0][1], strict=True))]
        moved += [
            any(not np.array_equal(a, b) for a, b in zip(chosen[name]["weights_f"], got["f_at_g"][0], strict=True))
        ]
        expect_true("a player has not moved in its own step", all(moved))

    return [
        outcome("the critic", players(["one step, wide limits", "three steps, wide limits"], [0])),
        outcome("the generator", players(["one step, wide limits", "three steps, wide limits"], [1])),
        outcome("clipping", players(["narrow limits"], [0, 1])),
        outcome("several rounds of SGD with momentum", players(["momentum"], [0, 1])),
        outcome("several rounds of RMSprop and Adam", players(["RMSprop", "Adam"], [0, 1])),
        outcome("what is returned", returned),
        outcome("each step leaves the other player alone", apart),
    ]
