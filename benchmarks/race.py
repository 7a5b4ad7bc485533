"""What the benchmarks on CartPole share: two sides train to the same return, seed by seed in turn.

A side is a function of a `Curve` and a seed. It tells the curve of each training episode that ends, and the curve
raises `Stopped` when the running mean of the returns, in which a new episode has the weight 0.05, exceeds the target.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import gymnasium
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from coursekit import figures


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


def race(
    sides: dict[str, Callable[[Curve, int], int]], target: float, repeats: int, limit: float, picture: Path
) -> None:
    """Run all sides on seeds 0 to `repeats` − 1, print medians, worst and their ratios, and draw the curves.

    Args:
        sides: by name, the first one's medians over the second one's; each trains until the curve stops it and returns
            its policy's number of weights.
        target: the running mean to reach.
        repeats: how many seeds.
        limit: seconds after which a training is stopped.
        picture: where the curves go.
    """
    curves: dict[str, list[Curve]] = {name: [] for name in sides}
    for train in sides.values():  # what PyTorch loads at a first step is on nobody's clock
        train(Curve(target, limit=0), 0)
    for seed in range(repeats):
        for name, train in sides.items():
            curve = Curve(target, limit)
            weights = train(curve, seed)
            curves[name].append(curve)
            seconds, steps, running = curve.points[-1]
            end = "reached" if curve.reached() else f"not reached, at {running:.0f}"
            print(f"seed {seed}: {name:16} {weights} weights, {steps:,} steps, {seconds:.1f} s: {end}", flush=True)
    for what, column in {"environment steps": 1, "seconds": 0}.items():
        values = {
            name: [curve.points[-1][column] if curve.reached() else float("inf") for curve in repeats]
            for name, repeats in curves.items()
        }
        for name, each in values.items():
            print(f"{what} to {target:g}, {name}: median {statistics.median(each):,.1f}, worst {max(each):,.1f}")
        ours, theirs = (statistics.median(each) for each in values.values())
        if max(ours, theirs) == float("inf"):
            print(f"no ratio of {what}: a side did not arrive within {limit:g} s on half of the seeds")
        else:
            print(f"ratio of the medians, {what}: {ours / theirs:.2f}")
    draw(curves, target, picture)
    print(f"curves: {picture.relative_to(picture.parents[2])}")


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
