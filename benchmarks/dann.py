"""The moons of the chapter beside the authors' own code: target accuracy and seconds, on the same draws of points.

    python benchmarks/dann.py PATH/TO/domain_adversarial_neural_network [--draws 8]

PATH is a clone of https://github.com/GRAAL-Research/domain_adversarial_neural_network; its `DANN.py` is run as it
stands, with the numbers of its `experiments_moons.py` (150 points, 15 hidden units, 500 passes, weight 6), and nothing
of it is kept here. Both sides train on the same 150 points a domain, with and without adaptation, and are measured on
the same 1000 fresh target points. The chapter's classes and functions are read from the notebook, so this measures
what readers see: one stack of all draws, with and without adaptation. The authors' code takes one point at a time.
"""

import argparse
import importlib.util
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from notebook_code import code_cells, expect_names, run_definitions

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = ROOT / "book" / "adaptation" / "dann.ipynb"
NAMES = {
    *("Reverse", "StackedLinear", "Dann", "Knobs", "lam_schedule", "class_loss", "domain_loss", "dann_step", "train"),
    *("moon_domains", "draw_moons", "repeated", "train_moons", "accuracy"),
}


def chapter_namespace(draws: int) -> dict:
    """The chapter's imports and the definitions in NAMES, for so many draws."""
    namespace = run_definitions(CHAPTER, code_cells(CHAPTER), NAMES, draws=list(range(draws)))
    expect_names(NAMES, namespace)
    namespace["reverse"] = namespace["Reverse"].apply
    return namespace


def peer(script: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("peer", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_peer(module: ModuleType, train: list[torch.Tensor], fresh: list[torch.Tensor], draw: int) -> list[float]:
    """Target accuracies of one draw, without and with adaptation."""
    x_s, y_s, x_t = (part[draw].numpy().astype(np.float64) for part in train[:3])
    right = []
    for adapt in (False, True):
        network = module.DANN(
            hidden_layer_size=15, maxiter=500, lambda_adapt=6.0, adversarial_representation=adapt, seed=draw
        )
        network.fit(x_s, y_s.astype(np.int64), x_t)
        answers = network.predict(fresh[2][draw].numpy())
        right.append(float((answers == fresh[3][draw].numpy()).mean()))
    return right


def report(name: str, accuracies: np.ndarray, seconds: float) -> None:
    """One line for a side; accuracies (draws, [without, with])."""
    without, adapted = accuracies.T
    gain = 100 * (adapted - without)
    print(
        f"{name:8} target {without.mean():.3f} -> {adapted.mean():.3f}, gain {gain.mean():.1f} points "
        f"({gain.min():.1f} to {gain.max():.1f}), {seconds:.1f} s for all"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "clone", type=Path, help="a clone of https://github.com/GRAAL-Research/domain_adversarial_neural_network"
    )
    parser.add_argument("--draws", type=int, default=8, help="draws of points and weights (default 8)")
    arguments = parser.parse_args()
    script = arguments.clone.resolve() / "DANN.py"
    if not script.is_file():
        parser.error(f"expected a clone with DANN.py, got {arguments.clone}")

    chapter = chapter_namespace(arguments.draws)
    train, fresh = chapter["draw_moons"](150, fresh=False), chapter["draw_moons"](1000, fresh=True)
    start = time.perf_counter()
    networks, _ = chapter["train_moons"](train, (0.0, 1.0))
    seconds = time.perf_counter() - start
    ours = chapter["accuracy"](networks, fresh[2], fresh[3], 2).T.numpy()  # (draws, 2)
    report("chapter", ours, seconds)

    module = peer(script)
    start, theirs = time.perf_counter(), []
    for draw in range(arguments.draws):
        theirs.append(run_peer(module, train, fresh, draw))
    report("authors", np.array(theirs), time.perf_counter() - start)


if __name__ == "__main__":
    main()
