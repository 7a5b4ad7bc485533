"""Time to the same quality: the chapter's digits GAN beside `gan.py` of PyTorch-GAN, both on the CPU.

    python benchmarks/gan.py PATH/TO/PyTorch-GAN [--target 20] [--repeats 3]

PATH is a clone of https://github.com/eriklindernoren/PyTorch-GAN; its code is run as it stands and nothing of it is
kept here. Both sides train on the chapter's 1500 handwritten digits in batches of 64, with parameter counts within 10 %
of each other, one after the other in one process, repeat by repeat. Quality is the chapter's own metric, the squared
Fréchet distance (GAN.d6) in the features of the chapter's judge; the clock stops while it is measured.
The chapter's classes and functions are read from the notebook, so this measures what readers see.
"""

import argparse
import contextlib
import io
import os
import statistics
import sys
import tempfile
import time
import types
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch
from notebook_code import code_cells, expect_names, run_definitions

from coursekit import figures

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = ROOT / "book" / "adversarial" / "gan.ipynb"
EVERY = 50  # batches between two measurements
NAMES = {
    *("Knobs", "StackedLinear", "mlp", "side_by_side", "gaussian_noise", "adam", "train"),
    *("discriminator_loss", "non_saturating_loss", "moments_of", "frechet"),
}


class Reached(Exception):
    """The target was reached, or the time is up."""


class Clock:
    """Seconds of training, without those spent on measuring."""

    def __init__(self) -> None:
        self.started, self.measuring = time.perf_counter(), 0.0

    def training(self) -> float:
        return time.perf_counter() - self.started - self.measuring


class Curve:
    """The quality over time of one training; raises `Reached` at the end."""

    def __init__(self, distance, target: float, limit: float) -> None:
        self.distance, self.target, self.limit = distance, target, limit
        self.clock, self.points = Clock(), []

    def measure(self, samples: torch.Tensor) -> None:
        seconds = self.clock.training()
        self.points.append((seconds, self.distance(samples)))
        self.clock.measuring += self.clock.training() - seconds
        if self.points[-1][1] <= self.target or seconds > self.limit:
            raise Reached

    def seconds(self) -> float:
        """When the target was reached; infinity if it was not."""
        return self.points[-1][0] if self.points and self.points[-1][1] <= self.target else float("inf")


def chapter_namespace() -> dict:
    """The chapter's imports, the definitions in NAMES, its data and its trained judge."""
    cells = code_cells(CHAPTER)
    namespace = run_definitions(CHAPTER, cells, NAMES)
    first = next(place for place, source in enumerate(cells) if "images, labels = " in source)
    last = next(place for place, source in enumerate(cells) if "accuracy = " in source)
    with contextlib.redirect_stdout(io.StringIO()):
        for source in cells[first : last + 1]:
            exec(source, namespace)
    expect_names(NAMES, namespace)
    return namespace


def parameters(*modules: torch.nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters())


def run_chapter(chapter: dict, curve: Curve, seed: int) -> int:
    """Train the chapter's GAN, with widths that match the peer's size; returns the number of parameters."""
    rngs = [chapter["run"].seed(seed)]
    generator = chapter["mlp"]([64, 512, 512, 768, 64], rngs, squash=torch.nn.Tanh())
    discriminator = chapter["mlp"]([64, 368, 368, 1], rngs)
    noise = chapter["gaussian_noise"](64, rngs)
    train_x = chapter["train_x"]

    def real(n):
        return 2 * train_x[torch.randint(len(train_x), (1, n), generator=rngs[0])] - 1

    @torch.no_grad()
    def watch(step, averaged):
        curve.measure((averaged(noise(2000))[0] + 1) / 2)

    knobs = chapter["Knobs"](steps=1_000_000, batch=64, lr_g=5e-4, lr_d=5e-4, beta2=0.99, averaging=0.99)
    loss = chapter["non_saturating_loss"]
    curve.clock = Clock()
    with contextlib.suppress(Reached):
        moments = range(0, knobs.steps, EVERY)
        chapter["train"](generator, discriminator, real, noise, loss, knobs, watch=watch, moments=moments)
    return parameters(generator, discriminator)


def run_peer(script: Path, chapter: dict, curve: Curve, seed: int, *options: str) -> int:
    """Run a script of PyTorch-GAN on the same digits, with options of its own; returns its number of parameters.

    The script wants torchvision only for MNIST and for saving pictures. In its place stands a module that hands out
    the chapter's digits, already scaled to [−1, 1], and measures where a picture would be saved.
    """
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the script draws its noise from the legacy generator
    namespace: dict = {"__name__": "__main__"}

    @torch.no_grad()
    def measure(*_, **__):
        if namespace.get("batches_done", 0) == 0:
            curve.clock = Clock()
            return
        z = torch.randn(2000, namespace["opt"].latent_dim)
        generator = namespace["generator"]
        curve.measure((generator(z).flatten(1) + 1) / 2)

    digits = torch.utils.data.TensorDataset((2 * chapter["train_x"] - 1).reshape(-1, 1, 8, 8), chapter["train_y"])

    def nothing(*_, **__):
        return None

    torchvision = types.ModuleType("torchvision")
    transforms = types.ModuleType("torchvision.transforms")
    transforms.Compose = transforms.Resize = transforms.ToTensor = transforms.Normalize = nothing
    utils = types.ModuleType("torchvision.utils")
    utils.save_image = measure
    torchvision.transforms, torchvision.utils = transforms, utils
    torchvision.datasets = types.SimpleNamespace(MNIST=lambda *_, **__: digits)
    modules = {"torchvision": torchvision, "torchvision.transforms": transforms, "torchvision.utils": utils}

    before, arguments, folder = dict(sys.modules), sys.argv, Path.cwd()
    with tempfile.TemporaryDirectory() as inside:
        work = Path(inside) / "implementations" / script.stem
        work.mkdir(parents=True)
        try:
            os.chdir(work)
            sys.modules.update(modules)
            fixed = ["--img_size", "8", "--n_epochs", "100000", "--sample_interval", str(EVERY)]
            sys.argv = [script.name, *fixed, *options]
            with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Reached):
                exec(compile(script.read_text(), script.name, "exec"), namespace)
        finally:
            os.chdir(folder)
            sys.argv = arguments
            for name in modules:
                sys.modules.pop(name)
                if name in before:
                    sys.modules[name] = before[name]
    return parameters(namespace["generator"], namespace["discriminator"])


def draw(curves: dict[str, list[Curve]], target: float, path: Path) -> None:
    figures.style()
    figure, ax = plt.subplots(figsize=(7, 4))
    for colour, (name, repeats) in zip(figures.COLOURS, curves.items(), strict=False):
        for number, curve in enumerate(repeats):
            ax.plot(*zip(*curve.points, strict=True), color=colour, linestyle="-", label=name if number == 0 else None)
    ax.axhline(target, color="0.3", linestyle=":", label="target")
    ax.set(xlabel="seconds of training", ylabel="squared Fréchet distance", yscale="log")
    ax.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)


def race(sides: dict, distance, arguments: argparse.Namespace, picture: Path) -> None:
    """Train both sides in turn, print when each reached the target and the ratio of the medians, and draw the curves.

    Args:
        sides: the chapter's training, then the peer's, by name; each takes a curve and a seed, and returns its size.
        distance: of samples, what is to fall to the target.
        arguments: target, repeats and limit in seconds.
        picture: where the curves are drawn.
    """
    curves: dict[str, list[Curve]] = {name: [] for name in sides}
    sizes = {}
    for seed in range(arguments.repeats):
        for name, train in sides.items():
            curve = Curve(distance, arguments.target, arguments.limit)
            sizes[name] = train(curve, seed)
            curves[name].append(curve)
            reached = curve.seconds()
            end = (
                f"reached in {reached:.1f} s"
                if reached < float("inf")
                else f"not reached, at {curve.points[-1][1]:.1f}"
            )
            print(f"repeat {seed}: {name:12} {sizes[name]:,} parameters, {end}", flush=True)

    for name, repeats in curves.items():
        points = repeats[0].points[:: max(1, len(repeats[0].points) // 10)]
        print(f"{name:12} seconds: distance  " + "  ".join(f"{s:.0f}: {d:.0f}" for s, d in points))
    ours, theirs = (statistics.median(curve.seconds() for curve in repeats) for repeats in curves.values())
    print(f"parameters, chapter / PyTorch-GAN: {sizes['chapter'] / sizes['PyTorch-GAN']:.3f}")
    print(f"median seconds to distance {arguments.target:g}: chapter {ours:.1f}, PyTorch-GAN {theirs:.1f}")
    if ours == float("inf"):
        print(f"no ratio: the chapter's GAN did not reach the target in {arguments.limit:g} s")
    elif theirs == float("inf"):
        print(f"ratio of the medians: below {ours / arguments.limit:.2f}, as PyTorch-GAN did not get there in time")
    else:
        print(f"ratio of the medians: {ours / theirs:.2f}")
    draw(curves, arguments.target, picture)
    print(f"both curves: {picture.relative_to(ROOT)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clone", type=Path, help="a clone of https://github.com/eriklindernoren/PyTorch-GAN")
    parser.add_argument("--target", type=float, default=20.0, help="squared Fréchet distance to reach (default 20)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=300.0, help="seconds after which a training is stopped")
    arguments = parser.parse_args()
    script = arguments.clone.resolve() / "implementations" / "gan" / "gan.py"
    if not script.is_file():
        parser.error(f"expected a clone of PyTorch-GAN with implementations/gan/gan.py, got {arguments.clone}")

    chapter = chapter_namespace()
    reference = chapter["moments_of"](chapter["train_x"])

    def distance(samples):
        return chapter["frechet"](reference, chapter["moments_of"](samples))

    sides = {
        "chapter": lambda curve, seed: run_chapter(chapter, curve, seed),
        "PyTorch-GAN": lambda curve, seed: run_peer(script, chapter, curve, seed),
    }
    race(sides, distance, arguments, ROOT / "_build" / "benchmarks" / "gan.png")


if __name__ == "__main__":
    main()
