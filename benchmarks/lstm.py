"""The chapter's loop over time beside nn.LSTM: forward, and forward and backward, at several sizes.

python benchmarks/lstm.py [--repeats 15] [--threads 1] [--profile]

The two compute the same numbers from the same weights, which is checked before a clock starts, values and gradients.
They run in turn, repeat by repeat, in one process; medians and ratios are printed. The loop also runs with nine sets of
weights side by side, as the chapter trains its seeds, and its time is then given for one run. With `--profile` the last
lines say how the loop's own time is divided. The chapter's functions are read from the notebook.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch
from notebook_code import code_cells, expect_names, run_definitions
from torch import nn

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = ROOT / "book" / "sequences" / "lstm.ipynb"
NAMES = {
    *("BLOCKS", "Network", "tensors", "start_network", "in_library", "lstm_gates", "lstm_cell", "gru_cell"),
    *("zero_state", "unroll", "drive"),
}
RUNS = 9
# Time, batch, inputs and units: the chapter's two tasks, a longer sequence, and larger networks.
SIZES = [(40, 32, 2, 32), (25, 16, 32, 64), (200, 16, 32, 64), (25, 64, 128, 256), (25, 64, 512, 512)]
PRODUCTS = ("mm", "bmm", "addmm", "baddbmm")


def chapter_functions() -> dict:
    """The chapter's imports and the definitions in NAMES."""
    namespace = run_definitions(CHAPTER, code_cells(CHAPTER), NAMES)
    expect_names(NAMES, namespace)
    return namespace


class Side:
    """One way to compute the states h_1, …, h_T, and its times in seconds."""

    def __init__(self, forward, weights) -> None:
        self.forward, self.weights = forward, list(weights)
        self.ahead: list[float] = []
        self.both: list[float] = []

    def gradients(self) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        h = self.forward()
        return h, torch.autograd.grad(h.square().sum(), self.weights)

    def measure(self) -> None:
        start = time.perf_counter()
        h = self.forward()
        self.ahead.append(time.perf_counter() - start)
        torch.autograd.grad(h.square().sum(), self.weights)
        self.both.append(time.perf_counter() - start)


def sides_of(chapter: dict, steps: int, batch: int, inputs: int, hidden: int) -> dict[str, Side]:
    def network(runs):
        return chapter["start_network"](
            "LSTM", inputs, hidden, 1, [torch.Generator().manual_seed(r) for r in range(runs)]
        )

    def states(weights, x):
        return chapter["unroll"](weights, chapter["drive"](weights, x), chapter["zero_state"](weights, batch))[0]

    x = torch.randn(steps, 1, batch, inputs, generator=torch.Generator().manual_seed(0))
    one, several = network(1), network(RUNS)
    library = chapter["in_library"](one, 0, nn.LSTM(inputs, hidden))
    nine = x.expand(-1, RUNS, -1, -1).contiguous()
    return {
        "chapter": Side(lambda: states(one, x), (one.W, one.U, one.b)),
        "nn.LSTM": Side(lambda: library(x[:, 0])[0], library.parameters()),
        f"chapter, {RUNS} runs": Side(lambda: states(several, nine), (several.W, several.U, several.b)),
    }


def require_equal(sides: dict[str, Side]) -> None:
    """The loop and the library agree in single precision, states and gradients by W, U and b."""
    (ours, ours_by), (theirs, theirs_by) = sides["chapter"].gradients(), sides["nn.LSTM"].gradients()
    pairs = [(ours[:, 0].detach(), theirs.detach()), *zip([g[0] for g in ours_by], theirs_by, strict=False)]
    apart = max(float((a.reshape(b.shape) - b).abs().max() / b.abs().max()) for a, b in pairs)
    if apart > 1e-4:
        sys.exit(f"error: expected the chapter and nn.LSTM to agree, got a relative difference of {apart:.1e}")


def shares(side: Side) -> str:
    """How the time of operations divides: matrix products, and everything that works entry by entry or copies."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for _ in range(5):
            side.gradients()
    spent = {event.key: event.self_cpu_time_total for event in profile.key_averages()}
    calls = sum(event.count for event in profile.key_averages() if event.key.startswith("aten::")) // 5
    total = sum(spent.values())
    products = sum(t for key, t in spent.items() if key.removeprefix("aten::") in PRODUCTS)
    return f"{products / total:.0%} in matrix products, the rest in {calls} calls of other operations and between them"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1, help="threads of PyTorch (default 1)")
    parser.add_argument("--profile", action="store_true", help="also say where the loop's time goes")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    chapter = chapter_functions()
    for size in SIZES:
        sides = sides_of(chapter, *size)
        require_equal(sides)
        for _ in range(arguments.repeats):
            for side in sides.values():
                side.measure()
        print("{} steps, {} sequences, {} inputs, {} units:".format(*size), flush=True)
        for kind in ("ahead", "both"):
            median = {name: 1000 * statistics.median(getattr(side, kind)) for name, side in sides.items()}
            ours, theirs, nine = median.values()
            name = "forward" if kind == "ahead" else "forward and backward"
            ratio = f"chapter / nn.LSTM: {ours / theirs:.2f}"
            print(f"  {name:20} chapter {ours:7.2f} ms, nn.LSTM {theirs:7.2f} ms, {ratio}", end="")
            print(f"; {RUNS} at once, each {nine / RUNS:7.2f} ms, ratio {nine / RUNS / theirs:.2f}")
        if arguments.profile:
            for name in ("chapter", "nn.LSTM"):
                print(f"  {name}: {shares(sides[name])}")


if __name__ == "__main__":
    main()
