"""Write the public checkout: ``python -m tools.release student``, and later ``python -m tools.release answers gan``.

``student`` copies the files that git tracks here into another folder, without solutions, hidden tests, answers,
and the tools and tests that need them. What is left builds alone with ``make book``, and is what a teacher publishes.
``answers`` adds the model solution of one assignment to that folder, as a page of its own, without its hidden tests.

The folder keeps a list of what was written, ``.student-release.json``. With it a second run replaces exactly these
files, so that the folder may be a git repository. A folder that is not empty and has no such list is left alone.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
LIST = ".student-release.json"

# What stays with the teacher: folders end with a slash.
TEACHERS = (
    "solutions/",
    "tests/answers/",
    "tests/graders/",
    "tests/grading/",
    "coursekit/autograde.py",
    *(
        f"coursekit/grading/{module}.py"
        for module in (
            "__main__",
            "command",
            "forking",
            "handin",
            "inside",
            "intake",
            "outcomes",
            "outside",
            "recording",
            "report",
            "sandbox",
            "wire",
        )
    ),
    "nbgrader_config.py",
    "tools/assignment.py",
    "tools/release.py",
)
TARGETS = ("assignment", "grade", "report", "student-release", "release-answers")  # of the Makefile
# In these files every sentence has a line of its own, so a line that names one of the teacher's things goes as a whole.
TEXTS = ("README.md", "CONTRIBUTING.md")
NAMES = re.compile(rf"make (?:{'|'.join(TARGETS)})\b|\bsolutions/|tests/(?:graders|answers|grading)\b")


class ReleaseError(Exception):
    """Why there is no release, in words for the person who asked for one."""


def is_public(path: str) -> bool:
    """Whether a tracked file belongs to the public checkout; ``path`` is relative, with slashes."""
    return not any(path == name or (name.endswith("/") and path.startswith(name)) for name in TEACHERS)


def public_makefile(text: str) -> str:
    """The Makefile without the teacher's targets."""
    blocks = [b for b in text.split("\n\n") if not b.startswith(tuple(f"{target}:" for target in TARGETS))]

    def phony(match: re.Match[str]) -> str:
        return " ".join(word for word in match[0].split(" ") if word not in TARGETS)

    return re.sub(r"^\.PHONY:.*$", phony, "\n\n".join(blocks), flags=re.MULTILINE)


def public_text(text: str) -> str:
    """Prose without the lines that name something of the teacher's."""
    return "".join(line for line in text.splitlines(keepends=True) if not NAMES.search(line))


def public_content(path: str, content: bytes) -> bytes:
    """What a public file holds; the same as here, but for the Makefile and some prose."""
    if path == "Makefile":
        return public_makefile(content.decode()).encode()
    if path in TEXTS:
        return public_text(content.decode()).encode()
    return content


def tracked(root: Path) -> list[str]:
    """The files that git tracks, without those that are deleted in the working tree.

    Raises:
        ReleaseError: if ``root`` is no git checkout.
    """
    command = ["git", "-C", str(root), "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    if listed.returncode:
        raise ReleaseError(f"a release is made of the files that git tracks, but git says: {listed.stderr.strip()}")
    return [path for path in listed.stdout.split("\0") if path and (root / path).is_file()]


def _previous(out: Path) -> dict:
    """What an earlier release wrote into ``out``; refuses a folder that is somebody else's."""
    if out.is_file():
        raise ReleaseError(f"{out} is a file; name a folder")
    if not out.is_dir() or not any(out.iterdir()):
        return {"files": [], "answers": []}
    try:
        return json.loads((out / LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ReleaseError(f"{out} is not empty and was not written by this command; name another folder") from None


def write_release(out: Path, root: Path = ROOT) -> list[str]:
    """Write the public checkout into ``out``, with the answers that had been added before.

    Args:
        out: a folder that is new, empty, or an earlier release.
        root: the teacher's checkout.

    Returns:
        The names of the files written.

    Raises:
        ReleaseError: if ``out`` holds something else, or lies in a place where it would release itself.
    """
    if out.resolve() == root.resolve():
        raise ReleaseError("the public checkout cannot be written over this one; name another folder")
    before = _previous(out)
    files = [path for path in tracked(root) if is_public(path)]
    for path in before["files"]:
        (out / path).unlink(missing_ok=True)
    for path in files:
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(public_content(path, (root / path).read_bytes()))
        shutil.copymode(root / path, target)
    _remove_empty_folders(out, before["files"])
    _write_list(out, files, [])
    for name in before["answers"]:
        add_answers(name, out, root)
    return files


def _remove_empty_folders(out: Path, files: list[str]) -> None:
    for folder in sorted({parent for path in files for parent in (out / path).parents}, reverse=True):
        if folder != out and out in folder.parents and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _write_list(out: Path, files: list[str], answers: list[str]) -> None:
    content = {"written by": "python -m tools.release", "answers": sorted(answers), "files": sorted(files)}
    (out / LIST).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def answer_notebook(source: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The model solution as readers get it: with outputs, without hidden tests and nbgrader's marks."""
    answer = nbformat.from_dict(source)
    answer.cells = [cell for cell in answer.cells if "### BEGIN HIDDEN TESTS" not in cell.source]
    for cell in answer.cells:
        cell.metadata.pop("nbgrader", None)
        lines = cell.source.splitlines()
        cell.source = "\n".join(
            line for line in lines if line.strip() not in ("### BEGIN SOLUTION", "### END SOLUTION")
        )
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"^# Exercise\b", "# Answers", cell.source)
    return answer


def toc_with_answers(toc: str, name: str) -> str:
    """The table of contents with the answers behind the exercise, once."""
    if f"file: answers/{name}/{name}" in toc:
        return toc
    found = re.search(rf"^( *)- file: exercises/{name}/{name}\n(?:\1  .*\n?)*", toc, flags=re.MULTILINE)
    if not found:
        raise ReleaseError(f"_toc.yml of the release does not list exercises/{name}/{name}")
    indent, entry = found[1], found[0].rstrip("\n")
    more = f"{entry}\n{indent}- file: answers/{name}/{name}\n{indent}  title: Answers\n"
    return toc[: found.start()] + more + toc[found.end() :]


def add_answers(name: str, out: Path, root: Path = ROOT) -> Path:
    """Add the model solution of one assignment to a release.

    Args:
        name: the assignment.
        out: a folder that :func:`write_release` has written.
        root: the teacher's checkout.

    Returns:
        The notebook written.

    Raises:
        ReleaseError: if there is no such assignment, or ``out`` is no release.
    """
    path = root / "solutions" / name / f"{name}.ipynb"
    if not path.is_file():
        known = sorted(p.parent.name for p in (root / "solutions").glob("*/*.ipynb"))
        raise ReleaseError(f"there is no assignment {name!r}; assignments are: {', '.join(known) or 'none yet'}")
    before = _previous(out)
    if not before["files"]:
        raise ReleaseError(f"there is no release in {out}; make one first: python -m tools.release student")
    target = out / "answers" / name / f"{name}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(answer_notebook(nbformat.read(path, as_version=4)), target)
    toc = out / "_toc.yml"
    toc.write_text(toc_with_answers(toc.read_text(encoding="utf-8"), name), encoding="utf-8")
    files = {*before["files"], target.relative_to(out).as_posix()}
    _write_list(out, list(files), list({*before["answers"], name}))
    return target


def main(arguments: list[str] | None = None) -> int:
    """Write a release, or add answers to it."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    student = commands.add_parser("student", help="write the public checkout, without solutions and hidden tests")
    answers = commands.add_parser("answers", help="add the model solution of one assignment to it")
    answers.add_argument("name", help="the assignment, e.g. gan")
    for command in (student, answers):
        command.add_argument("--out", type=Path, default=ROOT / "student-release", help="default: student-release")
    options = parser.parse_args(arguments)
    try:
        if options.command == "student":
            files = write_release(options.out)
            print(f"wrote {len(files)} files into {options.out}; build them there with: make book")
        else:
            print(f"wrote {add_answers(options.name, options.out)}")
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
