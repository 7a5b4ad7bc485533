"""CartPole to the same return: the chapter's REINFORCE beside `reinforce.py` of pytorch/examples, both on the CPU.

    python benchmarks/policy_gradient.py PATH/TO/examples [--target 475] [--repeats 5]

PATH is a clone of https://github.com/pytorch/examples; nothing of it is kept here. Its script runs as it stands, with
its own step size, discount and dropout; only its environment is wrapped, to count steps and episodes.
The chapter plays 16 carts side by side, with as many units as give its policy the script's number of weights.
A side has arrived when the running mean of the returns of its training episodes, in which each new episode has the
weight 0.05 as in the script, exceeds the target. One run a seed, in turn, seed by seed.
The chapter's classes and functions are read from the notebook, so this measures what readers see.
"""

import argparse
import contextlib
import io
import statistics
import sys
import time
from pathlib import Path

import gymnasium
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from notebook_code import code_cells, expect_names, run_definitions

from coursekit import figures

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = ROOT / "book" / "decisions" / "policy_gradient.ipynb"
NAMES = {
    *("Pole", "new_policies", "logit_right", "new_carts", "balance", "coin", "surrogate", "train_pole"),
    *("returns_to_go", "against_the_others"),
}


class Stopped(Exception):
    """The target was reached, or the time is up."""


class Curve:
    """The running mean of the returns over seconds and environment steps; raises `Stopped` at the end."""

    def __init__(self, target: float, limit: float) -> None:
        self.target, self.limit = target, limit
        self.running, self.steps, self.points = 10.0, 0, []
        self.started = time.perf_counter()

    def add(self, episode_return: float, steps: int) -> None:
        """One more episode has ended."""
        self.running = 0.05 * episode_return + 0.95 * self.running
        self.steps += steps
        self.points.append((time.perf_counter() - self.started, self.steps, self.running))
        if self.reached() or self.points[-1][0] > self.limit:
            raise Stopped

    def reached(self) -> bool:
        return self.running > self.target


class Counted(gymnasium.Wrapper):
    """An environment whose episodes are told to a curve as they end."""

    def __init__(self, env: gymnasium.Env, curve: Curve) -> None:
        super().__init__(env)
        self.curve, self.total, self.steps = curve, 0.0, 0

    def step(self, action):
        obs, reward, terminated, truncated, info = self.env.step(action)
        self.total, self.steps = self.total + reward, self.steps + 1
        if terminated or truncated:
            total, steps, self.total, self.steps = self.total, self.steps, 0.0, 0
            self.curve.add(total, steps)
        return obs, reward, terminated, truncated, info


def chapter_namespace() -> dict:
    """The chapter's imports and the definitions in NAMES."""
    namespace = run_definitions(CHAPTER, code_cells(CHAPTER), NAMES)
    expect_names(NAMES, namespace)
    return namespace


def run_chapter(chapter: dict, curve: Curve, seed: int) -> int:
    """Train one policy of the chapter; returns its number of weights."""
    knobs = chapter["Pole"](updates=100_000, episodes=16, hidden=149)
    sizes = []

    def watch(update, weights, obs, alive):
        sizes.append(sum(weight.numel() for weight in weights))
        for length in alive.sum(dim=0)[0].tolist():
            curve.add(length, int(length))

    with contextlib.suppress(Stopped):
        chapter["train_pole"](chapter["against_the_others"], knobs, [seed], watch)
    return sizes[0]


def run_peer(source: str, curve: Curve, seed: int) -> int:
    """Run the script's own training; returns its number of weights."""
    namespace: dict = {"__name__": "reinforce"}
    arguments, sys.argv = sys.argv, ["reinforce.py", "--seed", str(seed)]
    try:
        exec(compile(source, "reinforce.py", "exec"), namespace)
    finally:
        sys.argv = arguments
    namespace["env"] = Counted(namespace["env"], curve)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Stopped):
        namespace["main"]()
    return sum(p.numel() for p in namespace["policy"].parameters())


def draw(curves: dict[str, list[Curve]], target: float, path: Path) -> None:
    figures.style()
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
    for colour, (name, repeats) in zip(figures.COLOURS, curves.items(), strict=False):
        for number, curve in enumerate(repeats):
            seconds, steps, running = zip(*curve.points, strict=True)
            for ax, x in zip(axes, (steps, seconds), strict=True):
                ax.plot(x, running, color=colour, label=name if number == 0 else None)
    for ax, label in zip(axes, ("environment steps", "seconds"), strict=True):
        ax.axhline(target, color="0.3", linestyle=":")
        ax.set(xlabel=label, xscale="log")
    axes[0].set_ylabel("running mean of the returns")
    axes[0].legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clone", type=Path, help="a clone of https://github.com/pytorch/examples")
    parser.add_argument("--target", type=float, default=475.0, help="running mean of the returns (default 475)")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=180.0, help="seconds after which a training is stopped")
    arguments = parser.parse_args()
    script = arguments.clone.resolve() / "reinforcement_learning" / "reinforce.py"
    if not script.is_file():
        parser.error(
            f"expected a clone of pytorch/examples with reinforcement_learning/reinforce.py, got {arguments.clone}"
        )
    source = script.read_text()

    chapter = chapter_namespace()
    sides = {
        "chapter": lambda curve, seed: run_chapter(chapter, curve, seed),
        "pytorch/examples": lambda curve, seed: run_peer(source, curve, seed),
    }
    curves: dict[str, list[Curve]] = {name: [] for name in sides}
    for train in sides.values():  # what PyTorch loads at a first step is on nobody's clock
        train(Curve(arguments.target, limit=0), 0)
    for seed in range(arguments.repeats):
        for name, train in sides.items():
            curve = Curve(arguments.target, arguments.limit)
            weights = train(curve, seed)
            curves[name].append(curve)
            seconds, steps, running = curve.points[-1]
            end = "reached" if curve.reached() else f"not reached, at {running:.0f}"
            print(f"seed {seed}: {name:16} {weights} weights, {steps:,} steps, {seconds:.1f} s: {end}", flush=True)

    measured = {"environment steps": 1, "seconds": 0}
    for what, column in measured.items():
        values = {
            name: [curve.points[-1][column] if curve.reached() else float("inf") for curve in repeats]
            for name, repeats in curves.items()
        }
        for name, each in values.items():
            print(
                f"{what} to {arguments.target:g}, {name}: median {statistics.median(each):,.1f}, worst {max(each):,.1f}"
            )
        ours, theirs = (statistics.median(each) for each in values.values())
        if max(ours, theirs) == float("inf"):
            print(f"no ratio of {what}: a side did not arrive within {arguments.limit:g} s on half of the seeds")
        else:
            print(f"ratio of the medians, {what}: {ours / theirs:.2f}")
    picture = ROOT / "_build" / "benchmarks" / "policy_gradient.png"
    draw(curves, arguments.target, picture)
    print(f"curves: {picture.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
