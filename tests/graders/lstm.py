"""Hidden tests of the assignment ``lstm``: one function a task, on random inputs, against independent references.

The references know nothing of the model solution. Wherever it can be had, PyTorch's own cell is the reference, fed so
that it computes what the task asks for: cells as further inputs make peepholes, an input gate with the forget gate's
weights turned round is coupled to it, and what a cell gives for another ``c_prev`` is its forget gate. The rest is
Python's ``math``, number by number. Only plain values pass to and from the student's code (see ``coursekit.grading``):
snippets turn arrays into tensors, and take gradients, on the other side of the door.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from coursekit.grading import Outcome, Student, StudentError, expect_close, expect_pair, expect_true, outcome
from coursekit.grading.tensors import AS_TENSORS, Call, call_turned, call_untouched, call_with_tensors

# Loose enough for an answer that computes in float32, and far below every mistake.
TOLERANCE = 2e-5

Values = dict[str, np.ndarray]


def _tensor(array: object) -> torch.Tensor:
    return torch.as_tensor(np.asarray(array), dtype=torch.float64)


# Gradients of the sum of all results, each weighted by an array, by every tensor among the arguments.
GRADIENTS = (
    AS_TENSORS
    + """
arguments = as_tensors(arguments)
inputs = [tensor.requires_grad_() for tensor in all_tensors(arguments)]
answer = FUNCTION(*arguments)
parts = [answer[key] for key in keys]
if all(torch.is_tensor(part) for part in parts) and any(part.requires_grad for part in parts):
    if all(part.shape == weight.shape for part, weight in zip(parts, as_tensors(weights))):
        loss = sum((part * weight).sum() for part, weight in zip(parts, as_tensors(weights)))
        gradients = torch.autograd.grad(loss, inputs, allow_unused=True)
        result = [gradient if gradient is not None else torch.zeros_like(i) for i, gradient in zip(inputs, gradients)]
    else:
        result = "shapes"
else:
    result = None
"""
)


def _expect_gradients(
    student: Student,
    name: str,
    rng: np.random.Generator,
    arguments: Sequence[object],
    reference: Callable[..., Sequence[torch.Tensor]],
    keys: Sequence[object] = (0, 1),
    labels: Sequence[str] = (),
) -> None:
    """Gradients of a random combination of all results by every input, against autograd through the reference."""
    tensors = _as_tensors(arguments)
    inputs = [leaf.requires_grad_() for leaf in _leaves(tensors)]
    parts = reference(*tensors)
    weights = [rng.normal(0, 1, tuple(part.shape)) for part in parts]
    loss = sum((part * _tensor(weight)).sum() for part, weight in zip(parts, weights, strict=True))
    wanted = torch.autograd.grad(loss, inputs)
    snippet = GRADIENTS.replace("FUNCTION", name)
    got = student.run(snippet, arguments=list(arguments), weights=weights, keys=list(keys))
    expect_true(
        f"autograd finds no way through {name}; is there a detach, an item, a NumPy array or a torch.tensor?",
        got is not None,
    )
    expect_true(f"the results of {name} have the wrong shapes", got != "shapes")
    for label, mine, right in zip(labels or [str(i) for i in range(len(inputs))], got, wanted, strict=True):
        expect_close(f"the gradient by {label}, through {name}", mine, right.numpy(), tol=5 * TOLERANCE)


def _as_tensors(value: object) -> Any:
    if isinstance(value, np.ndarray):
        return _tensor(value).clone()
    if isinstance(value, list | tuple):
        return [_as_tensors(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _as_tensors(item) for key, item in value.items()}
    return value


def _leaves(value: object) -> list[torch.Tensor]:
    if torch.is_tensor(value):
        return [value]
    items = list(value.values()) if isinstance(value, dict) else value
    return [leaf for item in items for leaf in _leaves(item)] if isinstance(items, list) else []


def _weights(rng: np.random.Generator, gates: int, inputs: int, units: int) -> Values:
    """W, U and b that are no transposes of themselves, and large enough for the gates to move."""
    return {
        "W": rng.normal(0, 0.9, (gates, units, inputs)),
        "U": rng.normal(0, 1.3 / math.sqrt(units), (gates, units, units)),
        "b": rng.normal(0, 0.6, (gates, units)),
    }


def _sequences(rng: np.random.Generator, gates: int, batch: int, steps: int, inputs: int, units: int) -> Values:
    return {
        "x": rng.normal(0, 1, (batch, steps, inputs)),
        "h0": rng.normal(0, 0.6, (batch, units)),
        "c0": rng.normal(0, 1, (batch, units)),
        **_weights(rng, gates, inputs, units),
    }


def _sizes(x: np.ndarray, units: int) -> str:
    batch, *steps, inputs = x.shape
    time = f" of {steps[0]} steps" if steps else ""
    return f"{batch} sequences{time}, {inputs} inputs, {units} units"


def _torch_cell(x_t, h, c, rows_W, rows_U, rows_b) -> tuple[torch.Tensor, torch.Tensor]:
    """PyTorch's LSTM cell with weights by gate in PyTorch's order: input, forget, candidate, output."""
    cell = torch.nn.LSTMCell(x_t.shape[1], h.shape[1], bias=True, dtype=torch.float64)
    flat = {"weight_ih": rows_W.flatten(0, 1), "weight_hh": rows_U.flatten(0, 1), "bias_ih": rows_b.flatten()}
    flat["bias_hh"] = torch.zeros_like(flat["bias_ih"])
    return torch.func.functional_call(cell, flat, (x_t, (h, c)))


TO_TORCH = [1, 0, 3, 2]  # forget, input, output, candidate, in PyTorch's order


# Task 1 ---------------------------------------------------------------------------------------------------------------


def _peephole_reference(x_t, h_prev, c_prev, W, U, b, p) -> tuple[torch.Tensor, torch.Tensor]:
    """PyTorch's cell with both cells as further inputs: the old one for f and i, the new one for o.

    The first call gives the new cell, whatever the output gate sees; the second call has it among its inputs.
    """
    zero = torch.zeros(len(p[0]), len(p[0]), dtype=torch.float64)
    old = torch.stack([torch.diag(p[1]), torch.diag(p[0]), zero, zero])
    new = torch.stack([zero, zero, zero, torch.diag(p[2])])
    wide = torch.cat([W[TO_TORCH], old, new], dim=2)
    rest = U[TO_TORCH], b[TO_TORCH]
    _, c = _torch_cell(torch.cat([x_t, c_prev, c_prev], dim=1), h_prev, c_prev, wide, *rest)
    return _torch_cell(torch.cat([x_t, c_prev, c], dim=1), h_prev, c_prev, wide, *rest)


def peephole_step(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """One step of a cell with peepholes, against PyTorch's cell with cells among its inputs."""
    name, labels = "peephole_step", ("x_t", "h_prev", "c_prev", "W", "U", "b", "p")

    def draw(batch: int, inputs: int, units: int) -> list[np.ndarray]:
        return [
            rng.normal(0, 1, (batch, inputs)),
            rng.normal(0, 0.6, (batch, units)),
            rng.normal(0, 1.2, (batch, units)),
            *_weights(rng, 4, inputs, units).values(),
            rng.normal(0, 1, (3, units)),
        ]

    def compare(given: list[np.ndarray], part: str = "both", call: Call = call_with_tensors) -> None:
        h, c = expect_pair(name, call(student, name, given))
        state, cell = _peephole_reference(*_as_tensors(given))
        what = _sizes(given[0], given[1].shape[1])
        if part in ("both", "c"):
            expect_close(f"the cells of {what}", c, cell.numpy(), tol=TOLERANCE)
        if part in ("both", "h"):
            expect_close(f"the states of {what}", h, state.numpy(), tol=TOLERANCE)

    cases = [draw(*sizes) for sizes in ((3, 2, 4), (5, 4, 2), (2, 3, 3))]

    def random_batches(part: str) -> None:
        for given in cases:
            compare(given, part)

    def small() -> None:
        for sizes in ((1, 1, 1), (1, 5, 2), (4, 1, 3), (3, 2, 1), (4, 2, 4), (3, 3, 4)):
            compare(draw(*sizes))

    def no_peepholes() -> None:
        given = draw(4, 3, 2)
        given[-1] = np.zeros_like(given[-1])
        compare(given)
        for gate in range(3):  # one at a time
            given = draw(3, 2, 3)
            given[-1][[k for k in range(3) if k != gate]] = 0
            compare(given)

    def large_cells() -> None:
        given = draw(3, 2, 3)
        given[2] = given[2] * 20
        compare(given)
        given = draw(2, 2, 2)
        given[-2] = given[-2] + np.array([900.0, -900.0, 900.0, 0.0])[:, None]  # gates that are exactly 0 and 1
        compare(given)

    def gradients() -> None:
        _expect_gradients(student, name, rng, draw(3, 2, 3), _peephole_reference, labels=labels)

    def untouched() -> None:
        given = draw(3, 2, 3)
        compare(given, call=call_untouched)
        given = draw(2, 3, 2)
        compare(given, call=call_turned)

    return [
        outcome("the cell", functools.partial(random_batches, "c"), weight=2),
        outcome("the state", functools.partial(random_batches, "h"), weight=2),
        outcome("one sequence, one input, one unit", small),
        outcome("peepholes that are zero", no_peepholes),
        outcome("large cells, and gates that are exactly 0 or 1", large_cells),
        outcome("gradients", gradients),
        outcome("inputs stay as they were, however they lie in memory", untouched),
    ]


# Task 2 ---------------------------------------------------------------------------------------------------------------


def _coupled_reference(x, h0, c0, W, U, b) -> tuple[torch.Tensor, torch.Tensor]:
    """PyTorch's cell, its input gate the forget gate turned round; shares by what a unit of cell leaves behind.

    The cell is linear in c_prev while h_prev is held, so two calls give the forget gate as a difference.
    """
    rows = [torch.stack([-v[0], v[0], v[2], v[1]]) for v in (W, U, b)]
    h, c, states, kept = h0, c0, [], []
    for t in range(x.shape[1]):
        new_h, new_c = _torch_cell(x[:, t], h, c, *rows)
        _, with_one = _torch_cell(x[:, t], h, torch.ones_like(c), *rows)
        _, with_none = _torch_cell(x[:, t], h, torch.zeros_like(c), *rows)
        kept.append(with_one - with_none)
        h, c = new_h, new_c
        states.append(h)
    shares = []
    for t in range(len(kept) + 1):  # a unit that is there after step t, written by step t
        share = torch.ones_like(c0) if t == 0 else 1 - kept[t - 1]
        for gate in kept[t:]:
            share = share * gate
        shares.append(share)
    return torch.stack(states, dim=1), torch.stack(shares, dim=1)


def coupled_lstm(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """States and shares of a cell with coupled gates, against PyTorch's cell."""
    name, labels = "coupled_lstm", ("x", "h0", "c0", "W", "U", "b")

    def draw(*sizes: int) -> list[np.ndarray]:
        return list(_sequences(rng, 3, *sizes).values())

    def compare(given: list[np.ndarray], part: str = "both", call: Call = call_with_tensors) -> Any:
        h, shares = expect_pair(name, call(student, name, given))
        states, right = _coupled_reference(*_as_tensors(given))
        what = _sizes(given[0], given[1].shape[1])
        if part in ("both", "h"):
            expect_close(f"the states of {what}", h, states.numpy(), tol=TOLERANCE)
        if part in ("both", "shares"):
            expect_close(f"the shares of {what}", shares, right.numpy(), tol=TOLERANCE)
        return shares

    cases = [draw(*sizes) for sizes in ((3, 5, 2, 4), (2, 8, 3, 2), (4, 3, 2, 3))]

    def random_batches(part: str) -> None:
        for given in cases:
            compare(given, part)

    def small() -> None:
        for sizes in ((1, 1, 1, 1), (2, 1, 3, 2), (1, 4, 1, 3), (3, 6, 2, 1), (3, 3, 3, 3)):
            compare(draw(*sizes))

    def saturated() -> None:
        given = draw(3, 6, 2, 4)
        given[3][0, :3], given[4][0, :3] = 0, 0  # three units whose forget gates do not move
        given[5][0, :3] = -900, 900, -60  # 0, 1, and one whose product is too small for float32
        compare(given)
        given = draw(2, 5, 1, 2)
        given[0], given[3][0, 1], given[4][0, 1], given[5][0, 1] = np.sign(given[0]), 900.0, 0, 0  # now open, now shut
        compare(given)

    def long() -> None:
        given = draw(2, 150, 1, 3)
        given[5][0] = (-8.0, 0.0, 8.0)
        compare(given)

    def gradients() -> None:
        _expect_gradients(student, name, rng, draw(2, 4, 2, 3), _coupled_reference, labels=labels)

    def untouched() -> None:
        given = draw(3, 4, 2, 3)
        compare(given, call=call_untouched)
        compare(draw(2, 3, 3, 2), call=call_turned)

    return [
        outcome("the states", functools.partial(random_batches, "h"), weight=2),
        outcome("the shares", functools.partial(random_batches, "shares"), weight=3),
        outcome("one sequence, one step, one unit", small),
        outcome("gates that are exactly 0 or 1", saturated),
        outcome("150 steps", long),
        outcome("gradients", gradients),
        outcome("inputs stay as they were, however they lie in memory", untouched),
    ]


# Task 3 ---------------------------------------------------------------------------------------------------------------


def _gru_after(x_t, h_prev, W, U, b, b_prime) -> torch.Tensor:
    """PyTorch's GRU cell (reset, update, new), its update gate turned round since it is the share of the old there."""
    rows = [torch.stack([v[1], -v[0], v[2]]).flatten(0, 1) for v in (W, U, b)]
    hidden = torch.cat([torch.zeros(2 * len(b_prime), dtype=torch.float64), b_prime])
    cell = torch.nn.GRUCell(x_t.shape[1], h_prev.shape[1], dtype=torch.float64)
    flat = {"weight_ih": rows[0], "weight_hh": rows[1], "bias_ih": rows[2], "bias_hh": hidden}
    return torch.func.functional_call(cell, flat, (x_t, h_prev))


def _logistic(a: float) -> float:
    return 1 / (1 + math.exp(-a)) if a > -700 else 0.0


def _gru_before(x_t, h_prev, W, U, b, b_prime) -> np.ndarray:
    """The papers' form, number by number in Python's own arithmetic."""
    units, inputs = len(b_prime), range(x_t.shape[1])
    result = np.zeros_like(h_prev)
    for row, (x, h) in enumerate(zip(x_t, h_prev, strict=True)):

        def driven(gate: int, unit: int, state: Sequence[float], x: np.ndarray = x) -> float:
            from_x = math.fsum(W[gate, unit, m] * x[m] for m in inputs)
            return from_x + math.fsum(U[gate, unit, m] * state[m] for m in range(units)) + b[gate, unit]

        reset = [_logistic(driven(1, unit, h)) * h[unit] for unit in range(units)]
        for unit in range(units):
            new, share = math.tanh(driven(2, unit, reset) + b_prime[unit]), _logistic(driven(0, unit, h))
            result[row, unit] = h[unit] + share * (new - h[unit])
    return result


def _gru_pair(x_t, h_prev, W, U, b, b_prime) -> tuple[torch.Tensor, torch.Tensor]:
    """Both forms with a graph; the candidate of the papers' form by PyTorch's plain cell on the state after reset."""
    opened = torch.zeros(2, len(b_prime), dtype=torch.float64)
    opened[0] = 900.0  # the update gate wide open: PyTorch's cell gives the candidate itself
    nothing = torch.zeros_like(W[:2]), torch.zeros_like(U[:2])
    reset = torch.nn.functional.linear(x_t, W[1], b[1]) + torch.nn.functional.linear(h_prev, U[1])
    opened[1] = 900.0  # and so is the reset gate: what is reset comes in as the state
    wide = [torch.cat([n, v[2:]]) for n, v in zip((*nothing, opened), (W, U, b), strict=True)]
    new = _gru_after(x_t, torch.special.expit(reset) * h_prev, *wide, b_prime)
    share = torch.nn.functional.linear(x_t, W[0], b[0]) + torch.nn.functional.linear(h_prev, U[0])
    return torch.lerp(h_prev, new, torch.special.expit(share)), _gru_after(x_t, h_prev, W, U, b, b_prime)


def gru_both_ways(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Both GRUs: PyTorch's cell for one, Python's own arithmetic for the other."""
    name, labels = "gru_both_ways", ("x_t", "h_prev", "W", "U", "b", "b_prime")

    def draw(batch: int, inputs: int, units: int) -> list[np.ndarray]:
        weights = _weights(rng, 3, inputs, units)
        given = [rng.normal(0, 1, (batch, inputs)), rng.normal(0, 0.8, (batch, units)), *weights.values()]
        return [*given, rng.normal(0, 0.8, units)]

    def compare(given: list[np.ndarray], part: str = "both", call: Call = call_with_tensors) -> None:
        before, after = expect_pair(name, call(student, name, given))
        what = _sizes(given[0], given[1].shape[1])
        if part in ("both", "before"):
            expect_close(f"reset before the product, {what}", before, _gru_before(*given), tol=TOLERANCE)
        if part in ("both", "after"):
            right = _gru_after(*_as_tensors(given)).numpy()
            expect_close(f"reset after the product, {what}", after, right, tol=TOLERANCE)

    cases = [draw(*sizes) for sizes in ((3, 2, 4), (5, 4, 2), (2, 3, 3))]

    def random_batches(part: str) -> None:
        for given in cases:
            compare(given, part)

    def small() -> None:
        for sizes in ((1, 1, 1), (1, 5, 2), (4, 1, 3), (3, 2, 1), (3, 2, 3)):
            compare(draw(*sizes))

    def saturated() -> None:
        for update, reset in ((900.0, -900.0), (-900.0, 900.0), (900.0, 900.0)):
            given = draw(3, 2, 3)
            given[4][:2] = [[update] * 3, [reset] * 3]
            compare(given)

    def gradients() -> None:
        given = draw(3, 2, 3)
        for mine, other in zip(_gru_pair(*_as_tensors(given)), (_gru_before(*given), None), strict=True):
            if other is not None and not np.allclose(mine.numpy(), other, atol=1e-12):
                raise RuntimeError("the two references of the GRU differ")
        _expect_gradients(student, name, rng, given, _gru_pair, labels=labels)

    def untouched() -> None:
        given = draw(3, 2, 3)
        compare(given, call=call_untouched)
        compare(draw(2, 3, 2), call=call_turned)

    return [
        outcome("reset before the product", functools.partial(random_batches, "before"), weight=2),
        outcome("reset after the product", functools.partial(random_batches, "after"), weight=2),
        outcome("one sequence, one input, one unit", small),
        outcome("gates that are exactly 0 or 1", saturated),
        outcome("gradients", gradients),
        outcome("inputs stay as they were, however they lie in memory", untouched),
    ]


# Task 4 ---------------------------------------------------------------------------------------------------------------

MODULE = """
import torch

torch.manual_seed(seed)
kind = torch.float64 if double else torch.float32
lstm = torch.nn.LSTM(inputs, units, num_layers=layers, bidirectional=both_ways, bias=bias, dtype=kind, **more)
held = list(lstm.parameters())
before = {name: value.detach().clone() for name, value in lstm.named_parameters()}
beta = set_forget_bias(lstm, share, steps)
now = dict(lstm.named_parameters())
same = list(now) == list(before) and all(new is old for new, old in zip(now.values(), held))
leaves = same and all(value.is_leaf and value.requires_grad and value.dtype == kind for value in now.values())
trained = False
if leaves:
    values = {name: value.detach().clone() for name, value in now.items()}
    lstm(torch.ones(2, 3, inputs, dtype=kind))[0].sum().backward()
    with torch.no_grad():  # a step by hand: the first optimiser of a process takes seconds to import what it needs
        for value in held:
            value -= 0.1 * value.grad
    trained = all(not torch.equal(values[name], now[name].detach()) for name in now if name.startswith("bias"))
else:
    values = {name: value.detach().clone() for name, value in now.items()}
result = {"beta": beta, "before": before, "after": values, "same": same, "leaves": leaves, "trained": trained}
"""


def set_forget_bias(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """The forget biases of PyTorch's module, against what is left in it after that many steps."""
    name = "set_forget_bias"

    def run(share: float, steps: int, **module: object) -> dict:
        given = {"inputs": 2, "units": 3, "layers": 1, "both_ways": False, "bias": True, "double": False, "more": {}}
        return student.run(MODULE, share=share, steps=steps, seed=int(rng.integers(1 << 30)), **given | module)

    def right(share: float, steps: int) -> float:
        """By halving: the bias whose logistic function, times itself, gives the share."""
        low, high = -800.0, 800.0
        while high - low > 1e-9:
            middle = (low + high) / 2
            left = steps * -(math.log1p(math.exp(-middle)) if middle > -700 else -middle)
            low, high = (middle, high) if left < math.log(share) else (low, middle)
        return round((low + high) / 2, 8) + 0.0  # no digits of the halving, no -0

    def compare(share: float, steps: int, **module: object) -> dict:
        got = run(share, steps, **module)
        units = module.get("units", 3)
        beta, what = right(share, steps), f"that leaves {share:.3g} after {steps} steps"
        one = isinstance(got["beta"], int | float | np.ndarray)
        expect_true(f"{name} must return a number, got {got['beta']!r:.60}", one)
        expect_close(f"the bias {what}", got["beta"], beta, tol=1e-3)
        for key in got["before"]:
            if key.startswith("bias_ih"):
                both = got["after"][key] + got["after"][key.replace("bias_ih", "bias_hh")]
                forget = both[units : 2 * units]
                end = key.removeprefix("bias_ih_")
                expect_close(f"both biases together, {what}, at {end}", forget, np.full(units, beta), tol=1e-3)
        return got

    def draw() -> tuple[float, int]:
        return float(rng.uniform(0.05, 0.95)), int(rng.integers(2, 300))

    def bias() -> None:
        for share, steps in (draw(), draw(), (0.5, 1), (0.02, 1), (0.98, 1), (0.3, 2), (math.exp(-1), 5), (0.9, 1000)):
            compare(share, steps)

    def layers() -> None:
        compare(*draw(), layers=3)
        compare(*draw(), both_ways=True)
        compare(*draw(), layers=2, both_ways=True, units=2, inputs=4)

    def survives() -> None:
        """PyTorch's module itself, its weights zero: what is left of a cell."""
        for share, steps in (draw(), draw()):
            units = 4
            after = compare(share, steps, units=units, double=True)["after"]
            lstm = torch.nn.LSTM(2, units, dtype=torch.float64)
            shut = {key: torch.zeros_like(value) for key, value in lstm.state_dict().items()}
            shut |= {key: _tensor(value) for key, value in after.items() if key.startswith("bias")}
            shut["bias_ih_l0"][:units] = -900.0  # input gates shut
            lstm.load_state_dict(shut)
            # The state reaches no gate, since its weights are zero.
            start = _tensor(rng.normal(0, 1, (1, 1, units)))
            with torch.no_grad():
                _, (_, c) = lstm(torch.zeros(steps, 1, 2, dtype=torch.float64), (torch.zeros_like(start), start))
            expect_close("the share that is left in an LSTM", (c / start).numpy(), np.full((1, 1, units), share), 1e-2)

    def others_stay() -> None:
        for module in ({"layers": 2}, {"both_ways": True, "double": True}, {"units": 1}):
            got, units = compare(*draw(), **module), module.get("units", 3)
            for key, old in got["before"].items():
                new = np.array(got["after"][key])
                if key.startswith("bias"):
                    new[units : 2 * units] = old[units : 2 * units]
                expect_true(f"{name} has changed {key} beside the forget gates", np.array_equal(new, old))

    def same_objects() -> None:
        for module in ({}, {"layers": 2, "both_ways": True, "double": True}):
            got = compare(*draw(), **module)
            expect_true(f"{name} has replaced a parameter by a new object; change its values in place", got["same"])
            expect_true("a parameter is no longer a leaf that requires a gradient, or its dtype changed", got["leaves"])
            expect_true("an optimiser that held the parameters before no longer trains the biases", got["trained"])

    def other_modules() -> None:
        compare(*draw(), more={"batch_first": True, "dropout": 0.5}, layers=2)
        compare(*draw(), units=1, inputs=1)
        twice = "set_forget_bias(lstm, 0.5, 10)\nbeta = set_forget_bias(lstm, share, steps)"
        share, steps = draw()
        snippet = MODULE.replace("beta = set_forget_bias(lstm, share, steps)", twice)
        module = {"inputs": 2, "units": 3, "layers": 1, "both_ways": False, "bias": True, "double": True, "more": {}}
        after = student.run(snippet, share=share, steps=steps, seed=1, **module)["after"]
        both = (after["bias_ih_l0"] + after["bias_hh_l0"])[3:6]
        expect_close("both biases together after a second call", both, np.full(3, right(share, steps)), tol=1e-3)

    def no_bias() -> None:
        compare(*draw())
        try:
            run(*draw(), bias=False)
        except StudentError as error:
            expect_true(f"a module without biases must raise a ValueError; {error}", "ValueError" in error.raised)
            return
        raise AssertionError("a module without biases must raise a ValueError")

    return [
        outcome("the bias", bias, weight=2),
        outcome("layers and directions", layers),
        outcome("what an LSTM keeps", survives),
        outcome("all else stays", others_stay),
        outcome("the same parameters, still trained", same_objects),
        outcome("other modules, and a second call", other_modules),
        outcome("a module without biases", no_bias),
    ]


# Task 5 ---------------------------------------------------------------------------------------------------------------


def _last_cell(x, h0, c0, W, U, b) -> torch.Tensor:
    """The last cells by PyTorch's whole LSTM."""
    lstm = torch.nn.LSTM(x.shape[2], h0.shape[1], batch_first=True, dtype=torch.float64)
    flat = {"weight_ih_l0": W[TO_TORCH].flatten(0, 1), "weight_hh_l0": U[TO_TORCH].flatten(0, 1)}
    flat["bias_ih_l0"], flat["bias_hh_l0"] = b[TO_TORCH].flatten(), torch.zeros(b.numel(), dtype=torch.float64)
    lstm.load_state_dict(flat)
    with torch.no_grad():
        return lstm(x, (h0[None], c0[None]))[1][1][0]


def _jacobians(x, h0, c0, W, U, b, nudge: float = 1e-4) -> tuple[np.ndarray, np.ndarray]:
    """The whole Jacobian by finite differences of PyTorch's LSTM, the direct path by what each cell leaves of a 1."""
    columns = []
    for unit in range(c0.shape[1]):
        step = torch.zeros_like(c0)
        step[:, unit] = nudge
        near = [_last_cell(x, h0, c0 + k * step, W, U, b) for k in (1, -1, 2, -2)]
        columns.append((8 * (near[0] - near[1]) - (near[2] - near[3])) / (12 * nudge))  # of fourth order
    rows, h, c, direct = [v[TO_TORCH] for v in (W, U, b)], h0, c0, torch.ones_like(c0)
    for t in range(x.shape[1]):
        ends = [_torch_cell(x[:, t], h, cell, *rows)[1] for cell in (torch.ones_like(c), torch.zeros_like(c))]
        direct = direct * (ends[0] - ends[1])
        h, c = _torch_cell(x[:, t], h, c, *rows)
    return direct.numpy(), torch.stack(columns, dim=2).numpy()


def memory_jacobian(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """Direct path and whole Jacobian, against finite differences."""
    name = "memory_jacobian"

    def draw(*sizes: int) -> list[np.ndarray]:
        return list(_sequences(rng, 4, *sizes).values())

    def compare(given: list[np.ndarray], part: str = "both", call: Call = call_with_tensors) -> None:
        direct, total = expect_pair(name, call(student, name, given))
        right = _jacobians(*_as_tensors(given))
        what = _sizes(given[0], given[1].shape[1])
        if part in ("both", "direct"):
            expect_close(f"the direct path of {what}", direct, right[0], tol=TOLERANCE)
        if part in ("both", "total"):
            expect_close(f"the whole Jacobian of {what}", total, right[1], tol=5 * TOLERANCE)

    cases = [draw(*sizes) for sizes in ((3, 4, 2, 4), (2, 7, 3, 2), (3, 3, 3, 3))]

    def random_batches(part: str) -> None:
        for given in cases:
            compare(given, part)

    def small() -> None:
        for sizes in ((1, 1, 1, 1), (1, 5, 2, 3), (4, 2, 1, 1)):
            compare(draw(*sizes))

    def one_step() -> None:
        compare(draw(3, 1, 2, 4))

    def no_way_through_the_state() -> None:
        given = draw(2, 6, 2, 3)
        given[4] = np.zeros_like(given[4])  # U = 0: both are the same
        compare(given)
        given = draw(2, 5, 2, 3)
        given[5][2] = -900.0  # output gates shut: the state is zero
        compare(given)

    def long() -> None:
        given = draw(2, 60, 1, 3)
        given[5][0] += 4.0
        compare(given)

    def untouched() -> None:
        given = draw(2, 3, 2, 3)
        compare(given, call=call_untouched)
        compare(draw(2, 3, 3, 2), call=call_turned)

    return [
        outcome("the direct path", functools.partial(random_batches, "direct"), weight=2),
        outcome("the whole Jacobian", functools.partial(random_batches, "total"), weight=3),
        outcome("one sequence, one unit", small),
        outcome("one step", one_step),
        outcome("no way through the state", no_way_through_the_state),
        outcome("60 steps", long),
        outcome("inputs stay as they were, however they lie in memory", untouched),
    ]


# Task 6 ---------------------------------------------------------------------------------------------------------------


def _stack_reference(sequences, layers, h0, c0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """PyTorch's LSTM on each sequence alone, so that nothing is packed; then the rows, time by time."""
    units = h0.shape[2]
    lstm = torch.nn.LSTM(sequences[0].shape[1], units, num_layers=len(layers), dtype=torch.float64)
    flat = {}
    for k, layer in enumerate(layers):
        flat[f"weight_ih_l{k}"] = layer["W"][TO_TORCH].flatten(0, 1)
        flat[f"weight_hh_l{k}"] = layer["U"][TO_TORCH].flatten(0, 1)
        flat[f"bias_ih_l{k}"] = layer["b"][TO_TORCH].flatten()
        flat[f"bias_hh_l{k}"] = torch.zeros(4 * units, dtype=torch.float64)
    ends, outputs = [], []
    for s, sequence in enumerate(sequences):
        output, end = torch.func.functional_call(lstm, flat, (sequence, (h0[:, s], c0[:, s])))
        outputs.append(output)
        ends.append(end)
    order = sorted(range(len(sequences)), key=lambda s: (-len(sequences[s]), s))
    steps = max(len(sequence) for sequence in sequences)
    data = [outputs[s][t] for t in range(steps) for s in order if t < len(sequences[s])]
    return torch.stack(data), torch.stack([h for h, _ in ends], dim=1), torch.stack([c for _, c in ends], dim=1)


def packed_lstm(student: Student, rng: np.random.Generator) -> list[Outcome]:
    """A stack over packed sequences, against PyTorch's LSTM on each sequence alone."""
    name, keys = "packed_lstm", ("data", "batch_sizes", "h_n", "c_n")

    def draw(lengths: Sequence[int], inputs: int, units: int, depth: int) -> list:
        layers = [_weights(rng, 4, units if k else inputs, units) for k in range(depth)]
        first = [rng.normal(0, s, (depth, len(lengths), units)) for s in (0.6, 1.0)]
        return [[rng.normal(0, 1, (length, inputs)) for length in lengths], layers, *first]

    def compare(given: list, part: Sequence[str] = keys, call: Call = call_with_tensors) -> None:
        got = call(student, name, given)
        expect_true(f"{name}: expected a dictionary, got {got!r:.60}", isinstance(got, Mapping))
        missing = [key for key in keys if key not in got]
        expect_true(f"{name}: the keys {missing} are missing", not missing)
        lengths = [len(sequence) for sequence in given[0]]
        data, h_n, c_n = _stack_reference(*_as_tensors(given))
        sizes = [sum(length > t for length in lengths) for t in range(max(lengths))]
        right = {"data": data, "batch_sizes": np.array(sizes), "h_n": h_n, "c_n": c_n}
        where = f"of {len(given[1])} layers, lengths {lengths}"
        for key in part:
            expect_close(f"{key} {where}", got[key], np.asarray(right[key]), tol=TOLERANCE)

    cases = [draw([4, 6, 1, 5], 2, 3, 2), draw([2, 5, 3], 3, 2, 3), draw([1, 2, 7, 3, 5], 1, 4, 2)]

    def results(*part: str) -> None:
        for given in cases:
            compare(given, part)

    def one_layer() -> None:
        compare(draw([3, 5, 2], 2, 3, 1))
        compare(draw([3, 5, 2], 3, 3, 1))
        compare(draw([2, 4, 1], 1, 1, 2))

    def ties() -> None:
        compare(draw([3, 2, 3, 2, 3], 2, 2, 2))
        compare(draw([4, 4, 4], 2, 3, 2))
        compare(draw([int(n) for n in rng.integers(1, 5, 12)], 2, 2, 2))

    def length_one() -> None:
        compare(draw([1, 1, 1], 2, 3, 2))
        compare(draw([1, 6, 1, 2], 3, 2, 2))

    def one_sequence() -> None:
        compare(draw([5], 2, 3, 2))
        compare(draw([1], 1, 1, 1))

    def sorted_already() -> None:
        compare(draw([6, 4, 3, 1], 2, 3, 2))
        compare(draw([1, 3, 4, 6], 2, 3, 2))

    def zeros() -> None:
        given = draw([4, 2, 5, 3], 2, 3, 2)
        for sequence in given[0]:  # elements like any other, no padding
            sequence[int(rng.integers(len(sequence))) :] = 0
        given[0][2][0] = 0
        compare(given)

    def gradients() -> None:
        given = draw([2, 4, 1], 2, 3, 2)
        labels = [f"sequence {s}" for s in range(3)]
        labels += [f"{key} of layer {k}" for k in range(2) for key in ("W", "U", "b")] + ["h0", "c0"]
        wanted = ("data", "h_n", "c_n")
        _expect_gradients(student, name, rng, given, _stack_reference, keys=wanted, labels=labels)

    def untouched() -> None:
        given = draw([2, 4, 3], 2, 3, 2)
        compare(given, call=call_untouched)
        compare(draw([3, 5, 1], 3, 2, 2), call=call_turned)

    return [
        outcome("the packed data", functools.partial(results, "batch_sizes", "data"), weight=3),
        outcome("the last states and cells", functools.partial(results, "h_n", "c_n"), weight=3),
        outcome("one layer, one unit", one_layer),
        outcome("equal lengths", ties),
        outcome("sequences of one element", length_one),
        outcome("a single sequence", one_sequence),
        outcome("sequences that are sorted already", sorted_already),
        outcome("elements that are zero", zeros),
        outcome("gradients", gradients),
        outcome("inputs stay as they were, however they lie in memory", untouched),
    ]
