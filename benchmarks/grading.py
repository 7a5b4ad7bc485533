"""A class graded by plain `nbgrader autograde` and by `python -m coursekit.grading grade`, on the same hand-ins.

python benchmarks/grading.py [--hand-ins 100] [--assignment gan] [--workers 2]

The hand-ins are the right and wrong answers of the assignment's tests, in turn. Both courses are alike, but for the
configuration: plain nbgrader runs its own steps, with the hidden tests in the student's kernel. Every score must be
the same before a time is printed. Both run one after the other on the same cores; only grading is timed, from the
start of the command to its end. A worker's memory is that of one grading process, of the warm process that it forks
hand-ins from, and of the hand-in, with what is shared counted once.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
PLAIN = """
import os, sys
from pathlib import Path
c = get_config()
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
c.CourseDirectory.course_id = "plain"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.Execute.kernel_name = "python3"
c.Execute.startup_timeout = 300
c.Execute.timeout = 300
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\\nraise NotImplementedError()"}
"""


def make_course(folder: Path, name: str, config: str, count: int) -> None:
    """A course with ``count`` hand-ins."""
    (folder / "solutions" / name).mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")
    shutil.copy(ROOT / "solutions" / name / f"{name}.ipynb", folder / "solutions" / name)
    run(folder, "nbgrader", "generate_assignment", name)
    answers = sorted((ROOT / "tests" / "answers" / name).glob("*.py"))
    solved = nbformat.read(folder / "solutions" / name / f"{name}.ipynb", as_version=4)
    sources = {cell.metadata.nbgrader.grade_id: cell.source for cell in solved.cells if "nbgrader" in cell.metadata}
    for number in range(count):
        nb = nbformat.read(folder / "exercises" / name / f"{name}.ipynb", as_version=4)
        answer = answers[number % len(answers)].read_text(encoding="utf-8")
        for cell in nb.cells:
            if cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source = f"{sources[cell.metadata.nbgrader.grade_id]}\n\n{answer}"
        handed_in = folder / "submitted" / f"s{number:03d}" / name
        handed_in.mkdir(parents=True)
        nbformat.write(nb, handed_in / f"{name}.ipynb")


def run(folder: Path, *command: str) -> float:
    """Run a module of Python in a course; gives the seconds it took."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "COURSEKIT_GRADERS": str(ROOT / "tests" / "graders"),
        "PYTHONPATH": str(ROOT),
    }
    with tempfile.TemporaryFile("w+") as log:
        began = time.perf_counter()
        done = subprocess.Popen([sys.executable, "-m", *command], cwd=folder, env=environment, stdout=log, stderr=log)
        while done.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                done.wait(2)
            for child in children(done.pid):
                peak[command[0]] = max(peak.get(command[0], 0), memory(child))
        seconds = time.perf_counter() - began
        log.seek(0)
        if done.returncode:
            sys.exit(f"error: {' '.join(command)} failed:\n{log.read()[-4000:]}")
    return seconds


peak: dict[str, int] = {}  # bytes of the largest child of a command, with all that it has started, by module


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def memory(pid: int) -> int:
    """Bytes that a process and its descendants take together."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        lines = []
    own = sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
    return own + sum(map(memory, children(pid)))


def scores(folder: Path, name: str) -> dict[tuple[str, str], float | None]:
    """The score of every cell of every student."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            (submission.student.id, grade.name): grade.auto_score
            for submission in gradebook.find_assignment(name).submissions
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hand-ins", type=int, default=100)
    parser.add_argument("--assignment", default="gan")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    name, count = options.assignment, options.hand_ins
    with tempfile.TemporaryDirectory() as temporary:
        plain, ours = Path(temporary) / "plain", Path(temporary) / "ours"
        make_course(plain, name, PLAIN, count)
        make_course(ours, name, (ROOT / "nbgrader_config.py").read_text(encoding="utf-8"), count)
        slow = run(plain, "nbgrader", "autograde", name)
        fast = run(ours, "coursekit.grading", "grade", name, "--workers", str(options.workers))
        before, after = scores(plain, name), scores(ours, name)
    different = sorted(key for key in before if before[key] != after.get(key))
    if different or len(before) != len(after):
        sys.exit(f"error: {len(different)} of {len(before)} scores differ, e.g. {different[:5]}")
    print(f"{count} hand-ins of {name}, {len(before)} scores, all equal")
    print(f"nbgrader autograde             {slow:7.1f} s  {slow / count:6.2f} s a hand-in")
    print(f"coursekit.grading grade        {fast:7.1f} s  {fast / count:6.2f} s a hand-in")
    print(f"throughput                     {slow / fast:7.1f} times")
    print(f"memory of a worker             {peak.get('coursekit.grading', 0) / 2**20:7.0f} MiB at most")


if __name__ == "__main__":
    main()
