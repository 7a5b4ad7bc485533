"""CartPole to the same return: the chapter's actor-critic beside the A2C of Stable-Baselines3, both on the CPU.

    python benchmarks/critic.py PATH/TO/stable-baselines3 [--target 475] [--repeats 5]

PATH is a clone of https://github.com/DLR-RM/stable-baselines3, or a folder with its wheel, unpacked; nothing of it is
kept here. It needs pandas and cloudpickle, which `pip install --target` can put into the same folder.
Its hyperparameters on CartPole-v1 are those of its own collection, rl-baselines3-zoo (`hyperparams/a2c.yml`): eight
environments, no entropy bonus, all else A2C's defaults; it plays at most the 500,000 steps that stand there.
The chapter plays eight carts with the settings of the chapter, except that its step sizes fall over 100,000 steps
and not over 20,000, since the running mean alone takes nearly 30,000 steps to arrive, and it makes no trials.
A side has arrived when the running mean of the returns of its training episodes, in which each new episode has the
weight 0.05, exceeds the target. One run a seed, in turn, seed by seed.
The chapter's classes and functions are read from the notebook, so this measures what readers see.
"""

import argparse
import contextlib
import sys
from pathlib import Path
from typing import Any

import gymnasium
from notebook_code import code_cells, expect_names, run_definitions
from race import Counted, Curve, Stopped, race

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = ROOT / "book" / "decisions" / "critic.ipynb"
NAMES = {
    *("Pole", "UNITS", "new_network", "output", "value", "Carts", "new_carts", "Steps", "drive", "stacked", "collect"),
    *("first_episodes", "trial", "gae", "mean_played", "minus_log_pi", "targets", "kept_apart", "improve"),
    *("untried", "tried", "actor_critic"),
}
BUDGET = 100_000


def chapter_namespace() -> dict[str, Any]:
    """The chapter's imports and the definitions in NAMES; no trials are made."""
    namespace = run_definitions(CHAPTER, code_cells(CHAPTER), NAMES, MARKS=())
    expect_names(NAMES, namespace)
    return namespace


def run_chapter(chapter: dict[str, Any], curve: Curve, seed: int) -> int:
    """Train one actor-critic of the chapter; returns the actor's number of weights."""
    knobs = chapter["Pole"](budget=BUDGET)
    lengths, sizes = [0] * knobs.carts, []

    def watch(update, actor, critic, steps):
        sizes.append(sum(weight.numel() for weight in actor))
        played, over = steps.played[:, 0].bool().tolist(), (steps.terminated + steps.truncated)[:, 0].bool().tolist()
        for of_carts, ended in zip(played, over, strict=True):
            for cart, (counts, last) in enumerate(zip(of_carts, ended, strict=True)):
                lengths[cart] += counts
                if last:
                    length, lengths[cart] = lengths[cart], 0
                    curve.add(length, length)

    with contextlib.suppress(Stopped):
        chapter["actor_critic"](knobs, [seed], watch=watch)
    return sizes[0]


def run_peer(curve: Curve, seed: int) -> int:
    """Train an A2C of Stable-Baselines3; returns the number of weights of its actor."""
    from stable_baselines3 import A2C
    from stable_baselines3.common.vec_env import DummyVecEnv

    carts = DummyVecEnv([lambda: Counted(gymnasium.make("CartPole-v1"), curve) for _ in range(8)])
    model = A2C("MlpPolicy", carts, ent_coef=0.0, seed=seed, device="cpu")
    with contextlib.suppress(Stopped):
        model.learn(500_000)
    policy = model.policy
    parts = (policy.mlp_extractor.policy_net, policy.action_net)
    return sum(weight.numel() for part in parts for weight in part.parameters())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("peer", type=Path, help="a folder that contains the package stable_baselines3")
    parser.add_argument("--target", type=float, default=475.0, help="running mean of the returns (default 475)")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=300.0, help="seconds after which a training is stopped")
    arguments = parser.parse_args()
    if not (arguments.peer / "stable_baselines3" / "__init__.py").is_file():
        parser.error(f"expected a folder with the package stable_baselines3, got {arguments.peer}")
    sys.path.insert(0, str(arguments.peer.resolve()))

    chapter = chapter_namespace()
    sides = {
        "chapter": lambda curve, seed: run_chapter(chapter, curve, seed),
        "Stable-Baselines3": run_peer,
    }
    picture = ROOT / "_build" / "benchmarks" / "critic.png"
    race(sides, arguments.target, arguments.repeats, arguments.limit, picture)


if __name__ == "__main__":
    main()
