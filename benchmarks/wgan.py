"""The chapter's exact distance beside POT, and its WGAN-GP beside `wgan_gp.py` of PyTorch-GAN, both on the CPU.

    python benchmarks/wgan.py PATH/TO/PyTorch-GAN [--target 20] [--repeats 3] [--same-adam]

The first part needs POT (`pip install pot`), which the book does not ask for, and is left out where it is missing.
PATH is a clone of https://github.com/eriklindernoren/PyTorch-GAN; its code is run as it stands and nothing of it is
kept here. Both sides train on the 1500 handwritten digits of the chapter `gan` in batches of 64, with five steps of the
critic for one of the generator, the same λ, and parameter counts within 10 % of each other, one after the other in one
process, repeat by repeat. Adam's settings are the script's own there; here they are the chapter's, with a step of 5e-4.
Much of the difference comes from these: `--same-adam` hands the chapter's to the script, too.
Quality is the squared Fréchet distance (GAN.d6) in the features of that chapter's judge; the clock stops while it is
measured. The chapter's classes and functions are read from the notebook, so this measures what readers see.
"""

import argparse
import contextlib
import importlib.util
import statistics
import time
from pathlib import Path

import gan as peer  # benchmarks/gan.py: the judge, the clock and the run of a peer's script
import numpy as np
import torch
from notebook_code import code_cells, expect_names, run_definitions

CHAPTER = peer.ROOT / "book" / "adversarial" / "wgan.ipynb"
NAMES = {
    *("Knobs", "StackedLinear", "mlp", "side_by_side", "leaky", "gap", "input_gradients", "gradient_penalty"),
    *("penalised", "generator_loss", "Method", "optimiser", "critic_step", "train", "w1_of_samples"),
}
ADAM = {"lr": 5e-4, "beta1": 0.0, "beta2": 0.9}
PENALTY = 10.0  # the peer's weight; it cannot be set from its command line


def chapter_namespace() -> dict:
    """The chapter's imports and the definitions in NAMES."""
    namespace = run_definitions(CHAPTER, code_cells(CHAPTER), NAMES)
    expect_names(NAMES, namespace)
    return namespace


def compare_distances(chapter: dict, sizes: tuple[int, ...] = (250, 500, 1000, 2000), repeats: int = 5) -> None:
    """Print the largest difference of the two values, and the median seconds of both, for each sample size."""
    if importlib.util.find_spec("ot") is None:
        print("W1 against POT: left out, since POT is not installed (pip install pot)")
        return
    import ot

    ring = chapter["data"].ring
    for n in sizes:
        seconds: dict[str, list[float]] = {"chapter": [], "POT": []}
        apart = 0.0
        for seed in range(repeats):
            rng = torch.Generator().manual_seed(seed)
            x, y = (ring(n, std=std, generator=rng).double().numpy() for std in (0.1, 0.3))
            started = time.perf_counter()
            ours = chapter["w1_of_samples"](x, y)
            seconds["chapter"].append(time.perf_counter() - started)
            started = time.perf_counter()
            theirs = ot.emd2(np.full(n, 1 / n), np.full(n, 1 / n), ot.dist(x, y, metric="euclidean"), numItermax=10**7)
            seconds["POT"].append(time.perf_counter() - started)
            apart = max(apart, abs(ours - theirs))
        mine, other = (statistics.median(values) for values in seconds.values())
        print(
            f"W1 of {n:4} points: at most {apart:.1e} apart, chapter {mine * 1e3:.0f} ms, POT {other * 1e3:.0f} ms, "
            f"ratio {mine / other:.2f}"
        )


def run_chapter(chapter: dict, digits: torch.Tensor, curve: peer.Curve, seed: int) -> int:
    """Train the chapter's WGAN-GP, with widths that match the peer's size; returns the number of parameters."""
    rngs = [chapter["run"].seed(seed)]
    layers = chapter["mlp"]([100, 512, 512, 768, 64], rngs, chapter["leaky"])
    generator = torch.nn.Sequential(*layers, torch.nn.Tanh())
    critic = chapter["mlp"]([64, 512, 256, 1], rngs, chapter["leaky"])

    def real(n):
        return 2 * digits[torch.randint(len(digits), (1, n), generator=rngs[0])] - 1

    @torch.no_grad()
    def watch(_):
        z = torch.randn(1, 2000, 100, generator=rngs[0])
        curve.measure((generator(z)[0] + 1) / 2)

    knobs = chapter["Knobs"](steps=1_000_000, critic_steps=5, batch=64, **ADAM)
    method = chapter["Method"](chapter["penalised"](PENALTY), chapter["generator_loss"], knobs=knobs)
    curve.clock = peer.Clock()
    with contextlib.suppress(peer.Reached):
        moments = range(0, knobs.steps, peer.EVERY // knobs.critic_steps)
        chapter["train"](generator, critic, real, rngs, method, watch, moments)
    return peer.parameters(generator, critic)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clone", type=Path, help="a clone of https://github.com/eriklindernoren/PyTorch-GAN")
    parser.add_argument("--target", type=float, default=20.0, help="squared Fréchet distance to reach (default 20)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=300.0, help="seconds after which a training is stopped")
    parser.add_argument("--same-adam", action="store_true", help="hand the chapter's settings of Adam to the script")
    arguments = parser.parse_args()
    script = arguments.clone.resolve() / "implementations" / "wgan_gp" / "wgan_gp.py"
    if not script.is_file():
        parser.error(f"expected a clone of PyTorch-GAN with implementations/wgan_gp/wgan_gp.py, got {arguments.clone}")

    chapter, judge = chapter_namespace(), peer.chapter_namespace()
    compare_distances(chapter)
    reference = judge["moments_of"](judge["train_x"])

    def distance(samples):
        return judge["frechet"](reference, judge["moments_of"](samples))

    options = [f"--{name}={value}" for name, value in zip(("lr", "b1", "b2"), ADAM.values(), strict=True)]
    options = options if arguments.same_adam else []
    sides = {
        "chapter": lambda curve, seed: run_chapter(chapter, judge["train_x"], curve, seed),
        "PyTorch-GAN": lambda curve, seed: peer.run_peer(script, judge, curve, seed, *options),
    }
    peer.race(sides, distance, arguments, peer.ROOT / "_build" / "benchmarks" / "wgan.png")


if __name__ == "__main__":
    main()
