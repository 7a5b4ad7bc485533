"""Try notebooks as a reader on Colab meets them: `python tools/colab.py WHEEL NOTEBOOK...`.

Run it with the Python of an environment that has what a hosted notebook has, and not the kit.
Three things are tried there:

1. Installing the kit's wheel moves no package that is there; what is missing may come on top.
2. Each notebook, copied alone into an empty folder, runs from top to bottom in a fresh kernel.
3. The student's version of an exercise stops only where something is left to do.

`--build FOLDER` builds the wheel. This file imports nothing of the project, since it also runs where only itself is.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KIT = "coursekit"
# What a blank stub and the visible test of it may raise; anything else is a fault of the notebook or of the kit.
UNSOLVED = ("NotImplementedError", "AssertionError")


def build_wheel(out: Path, *, root: Path = ROOT, python: str = sys.executable) -> Path:
    """Build the kit's wheel into the folder `out` without a network; return the wheel's path.

    The build backend must be installed for `python`. The sources are copied first, so that the tree stays clean.

    Raises:
        RuntimeError: if the build fails, with pip's last lines.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        source.mkdir()
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copyfile(root / name, source / name)
        shutil.copytree(root / KIT, source / KIT, ignore=shutil.ignore_patterns("__pycache__"))
        command = [python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
        run_pip([*command, "--wheel-dir", str(out), str(source)], "building the kit's wheel")
    (wheel,) = out.glob(f"{KIT}-*.whl")
    return wheel


def run_pip(command: list[str], what: str) -> str:
    """Run a pip command and return what it prints.

    Raises:
        RuntimeError: if it fails: which step it was, and the last lines of its error output.
    """
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{what} failed:\n" + "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:]))
    return done.stdout


def planned_installs(wheel: Path, *, python: str = sys.executable) -> list[str]:
    """Return "name version" of everything that installing `wheel` would install or move; nothing is installed.

    Raises:
        RuntimeError: if pip finds no way to install it.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [python, "-m", "pip", "install", "--quiet", "--dry-run", "--report", str(report), str(wheel)]
        run_pip(command, "planning the kit's installation")
        planned = json.loads(report.read_text(encoding="utf-8"))["install"]
    return [f"{item['metadata']['name']} {item['metadata']['version']}" for item in planned]


def plain(name: str) -> str:
    """A package's name as indexes compare it: lower case, with hyphens."""
    return re.sub(r"[-_.]+", "-", name).lower()


def run_alone(path: Path, *, unsolved: bool = False, timeout: float = 600) -> list[str]:
    """Run a copy of one notebook, alone in an empty folder, in a fresh kernel of this Python.

    Args:
        path: the notebook.
        unsolved: whether it is the student's version of an exercise, where stubs and their tests may raise.
        timeout: seconds that one cell may take.

    Returns:
        What went wrong, one line each; empty if nothing did.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            allow_errors=unsolved,
            timeout=timeout,
        )
        try:
            client.execute()
        except CellExecutionError as error:
            return [f"{path.name}: {error.ename}: {error.evalue}"]
        except (CellTimeoutError, DeadKernelError) as error:
            return [f"{path.name}: {type(error).__name__}: {str(error).splitlines()[0]}"]
    return [
        f"{path.name}: cell {place}: {output.ename}: {output.evalue}"
        for place, cell in enumerate(notebook.cells)
        for output in cell.get("outputs", [])
        if output.output_type == "error" and output.ename not in UNSOLVED
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python tools/colab.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path, nargs="?", help="the kit's wheel")
    parser.add_argument("notebooks", type=Path, nargs="*", help="notebooks; those under exercises/ count as unsolved")
    parser.add_argument("--build", type=Path, metavar="FOLDER", help="build the kit's wheel into a folder, and stop")
    options = parser.parse_args(arguments)
    if (options.build is None) == (options.wheel is None):
        parser.error("give either a wheel (and notebooks), or --build FOLDER")
    try:
        if options.build:
            print(build_wheel(options.build))
            return 0
        planned = planned_installs(options.wheel)
        there = {plain(package.metadata["Name"]) for package in metadata.distributions()}
        moved = [item for item in planned if plain(item.split()[0]) in there]
        if moved or not planned:
            print(f"expected the wheel to move no package, got {', '.join(moved) or 'nothing at all'}", file=sys.stderr)
            return 1
        kit, *new = sorted(planned, key=lambda item: (item.split()[0] != KIT, item))
        print(f"{kit} moves no other package; new beside it: {', '.join(new) or 'none'}", flush=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", str(options.wheel)]
        run_pip(command, "installing the kit")
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    wrong = []
    for path in options.notebooks:
        started = time.perf_counter()
        found = run_alone(path, unsolved="exercises" in path.resolve().parts)
        print(f"{path.name}: {time.perf_counter() - started:.0f} s, {'failed' if found else 'ran'}", flush=True)
        wrong += found
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
