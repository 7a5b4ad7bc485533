"""Time to the same held-out bound: the chapter's VAE beside `vae/main.py` of pytorch/examples, both on the CPU.

    python benchmarks/vae.py PATH/TO/examples [--target -18.6] [--repeats 5]

PATH is a clone of https://github.com/pytorch/examples; nothing of it is kept here. Its script runs as it stands but for
one number: its layers have 784 pixels written into them, and the chapter's digits have 64.
Both sides train on the chapter's 1500 binary digits in batches of 128, with layers of the script's sizes (400 hidden
units, 20 latent dimensions), one run each, in turn, repeat by repeat. Quality is the ELBO of the held-out digits
(VAE.5), from 20 samples a digit; the clock stops while it is measured.
The chapter's classes and functions are read from the notebook, so this measures what readers see.
"""

import argparse
import contextlib
import io
import statistics
import sys
import time
import types
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
from notebook_code import code_cells, expect_names, run_definitions

from coursekit import figures

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = ROOT / "book" / "latent" / "vae.ipynb"
EPOCH = 12  # batches of 128 in 1500 digits
NAMES = {
    *("Knobs", "StackedLinear", "mlp", "side_by_side", "batch_of", "VAE", "new_vae", "ascend"),
    *("reparameterise", "kl_to_prior", "log_likelihood", "objective"),
}


class Reached(Exception):
    """The target was reached, or the time is up."""


class Curve:
    """The held-out ELBO over the seconds of one training; raises `Reached` at the end."""

    def __init__(self, target: float, limit: float) -> None:
        self.target, self.limit, self.points = target, limit, []
        self.restart()

    def restart(self) -> None:
        """Start the clock: everything before this was preparation."""
        self.started, self.measuring = time.perf_counter(), 0.0

    def measure(self, elbo) -> None:
        before = time.perf_counter()
        self.points.append((before - self.started - self.measuring, elbo()))
        self.measuring += time.perf_counter() - before
        if self.points[-1][1] >= self.target or self.points[-1][0] > self.limit:
            raise Reached

    def seconds(self) -> float:
        """When the target was reached; infinity if it was not."""
        return self.points[-1][0] if self.points and self.points[-1][1] >= self.target else float("inf")


def chapter_namespace() -> dict:
    """The chapter's imports, the definitions in NAMES, and its data."""
    cells = code_cells(CHAPTER)
    namespace = run_definitions(CHAPTER, cells, NAMES)
    exec(next(source for source in cells if "images, labels = " in source), namespace)
    expect_names(NAMES, namespace)
    return namespace


@torch.no_grad()
def held_out_elbo(chapter: dict, encode, decode, samples: int = 20) -> float:
    """Mean of (VAE.5) over the held-out digits; `encode` gives mu and log_var, `decode` logits."""
    x = chapter["held_x"]
    mu, log_var = encode(x)
    rng = torch.Generator().manual_seed(0)
    restored = 0.0
    for _ in range(samples):
        z = chapter["reparameterise"](mu, log_var, torch.randn(mu.shape, generator=rng))
        restored += float(chapter["log_likelihood"](x, decode(z)).mean()) / samples
    return restored - float(chapter["kl_to_prior"](mu, log_var).sum(dim=-1).mean())


def parameters(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def run_chapter(chapter: dict, curve: Curve, seed: int) -> int:
    """Train the chapter's VAE; returns its number of parameters."""
    rngs = [chapter["run"].seed(seed)]
    knobs = chapter["Knobs"](hidden=400, latent=20)
    model = chapter["new_vae"](knobs, rngs)

    def estimate():
        x = chapter["batch_of"](chapter["train_x"], knobs.batch, rngs)
        return chapter["objective"](model, x, rngs)

    def watch(step):
        def encode(x):
            return (part[0] for part in model.encode(x[None]))

        if step > 1:
            curve.measure(lambda: held_out_elbo(chapter, encode, lambda z: model.decoder(z[None])[0]))

    curve.restart()
    with contextlib.suppress(Reached):
        chapter["ascend"](model.parameters(), estimate, knobs, watch, every=2 * EPOCH)
    return parameters(model)


def run_peer(source: str, chapter: dict, curve: Curve, seed: int) -> int:
    """Run the script's own training on the same digits; returns its number of parameters.

    It wants torchvision only for MNIST and for saving pictures. In its place stands a module that hands out the digits.
    """
    train_x, held_x = (chapter[name].reshape(-1, 1, 8, 8) for name in ("train_x", "held_x"))

    def digits(*_, train, **__):
        x = train_x if train else held_x
        return torch.utils.data.TensorDataset(x, torch.zeros(len(x)))

    torchvision, utils = types.ModuleType("torchvision"), types.ModuleType("torchvision.utils")
    torchvision.datasets = types.SimpleNamespace(MNIST=digits)
    torchvision.transforms = types.SimpleNamespace(ToTensor=lambda: None)
    torchvision.utils, utils.save_image = utils, None
    modules = {"torchvision": torchvision, "torchvision.utils": utils}

    namespace: dict = {"__name__": "vae_main"}
    before, arguments = dict(sys.modules), sys.argv
    try:
        sys.modules.update(modules)
        sys.argv = ["main.py", "--seed", str(seed), "--no-accel"]
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(source, "main.py", "exec"), namespace)
    finally:
        sys.argv = arguments
        for name in modules:
            sys.modules.pop(name)
            if name in before:
                sys.modules[name] = before[name]
    model = namespace["model"]

    def decode(z):
        return torch.logit(model.decode(z), eps=1e-7)

    curve.restart()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Reached):
        epoch = 0
        while True:
            epoch += 1
            namespace["train"](epoch)
            if epoch % 2 == 0:
                curve.measure(lambda: held_out_elbo(chapter, model.encode, decode))
    return parameters(model)


def draw(curves: dict[str, list[Curve]], target: float, path: Path) -> None:
    figures.style()
    figure, ax = plt.subplots(figsize=(7, 4))
    for colour, (name, repeats) in zip(figures.COLOURS, curves.items(), strict=False):
        for number, curve in enumerate(repeats):
            ax.plot(*zip(*curve.points, strict=True), color=colour, linestyle="-", label=name if number == 0 else None)
    ax.axhline(target, color="0.3", linestyle=":", label="target")
    ax.set(xlabel="seconds of training", ylabel="held-out ELBO, nats")
    ax.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clone", type=Path, help="a clone of https://github.com/pytorch/examples")
    parser.add_argument("--target", type=float, default=-18.6, help="held-out ELBO to reach, in nats (default -18.6)")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds after which a training is stopped")
    arguments = parser.parse_args()
    script = arguments.clone.resolve() / "vae" / "main.py"
    if not script.is_file():
        parser.error(f"expected a clone of pytorch/examples with vae/main.py, got {arguments.clone}")
    source = script.read_text().replace("784", "64")

    chapter = chapter_namespace()
    sides = {"chapter": run_chapter, "pytorch/examples": lambda *rest: run_peer(source, *rest)}
    curves: dict[str, list[Curve]] = {name: [] for name in sides}
    for train in sides.values():  # what PyTorch loads at a first step is on nobody's clock
        train(chapter, Curve(arguments.target, limit=0), 0)
    for seed in range(arguments.repeats):
        for name, train in sides.items():
            curve = Curve(arguments.target, arguments.limit)
            size = train(chapter, curve, seed)
            curves[name].append(curve)
            reached = curve.seconds()
            end = f"in {reached:.2f} s" if reached < float("inf") else f"not reached, at {curve.points[-1][1]:.2f}"
            print(f"repeat {seed}: {name:16} {size:,} parameters, {arguments.target:g} nats {end}", flush=True)

    for name, repeats in curves.items():
        points = repeats[0].points[:: max(1, len(repeats[0].points) // 8)]
        print(f"{name:16} seconds: ELBO  " + "  ".join(f"{s:.1f}: {elbo:.2f}" for s, elbo in points))
    ours, theirs = (statistics.median(curve.seconds() for curve in repeats) for repeats in curves.values())
    print(f"median seconds to {arguments.target:g} nats: chapter {ours:.2f}, pytorch/examples {theirs:.2f}")
    if max(ours, theirs) == float("inf"):
        print(f"no ratio: a side did not reach the target within {arguments.limit:g} s or its steps")
    else:
        print(f"ratio of the medians: {ours / theirs:.2f}")
    picture = ROOT / "_build" / "benchmarks" / "vae.png"
    draw(curves, arguments.target, picture)
    print(f"both curves: {picture.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
