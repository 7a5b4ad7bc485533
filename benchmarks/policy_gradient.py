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
import sys
from pathlib import Path

from notebook_code import code_cells, expect_names, run_definitions
from race import Counted, Curve, Stopped, race

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = ROOT / "book" / "decisions" / "policy_gradient.ipynb"
NAMES = {
    *("Pole", "new_policies", "logit_right", "new_carts", "balance", "coin", "surrogate", "train_pole"),
    *("returns_to_go", "against_the_others"),
}


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
    race(
        sides,
        arguments.target,
        arguments.repeats,
        arguments.limit,
        ROOT / "_build" / "benchmarks" / "policy_gradient.png",
    )


if __name__ == "__main__":
    main()
