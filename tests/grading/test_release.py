"""The public checkout: complete, coherent, and without a line of what students must not see."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest
from assignments import ROOT, metadata, names, notebook

from tools import release

WINDOW = 3  # so many lines in a row are nobody's coincidence


def lines_of(text: str) -> list[str]:
    """Lines that carry meaning: stripped, not empty, no imports (these are alike everywhere)."""
    stripped = (line.strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith(("import ", "from ", '"""', "#"))]


def windows(text: str) -> set[str]:
    lines = lines_of(text)
    runs = ("\n".join(lines[i : i + WINDOW]) for i in range(len(lines) - WINDOW + 1))
    return {run for run in runs if len(run) > 60}


def regions(text: str, name: str) -> str:
    """What stands between the markers of that name."""
    return "\n".join(re.findall(rf"### BEGIN {name}\n(.*?)### END {name}", text, flags=re.DOTALL))


def secrets() -> set[str]:
    """Fingerprints of all that is the teacher's: graders, answers, tests of these, solutions, hidden tests."""
    found: set[str] = set()
    for folder in ("graders", "answers", "grading"):
        for path in (ROOT / "tests" / folder).rglob("*.py"):
            found |= windows(path.read_text(encoding="utf-8"))
    for name in names():
        for cell in notebook(name).cells:
            found |= windows(regions(cell.source, "SOLUTION")) | windows(regions(cell.source, "HIDDEN TESTS"))
    for path in ("tools/assignment.py", "tools/release.py", "coursekit/autograde.py", "nbgrader_config.py"):
        found |= windows((ROOT / path).read_text(encoding="utf-8"))
    return found


def shipped_texts(content: bytes) -> list[str]:
    """A file's text; for a notebook, the text of its cells and outputs too, each for itself."""
    text = content.decode("utf-8", errors="replace")
    texts = [text]
    if text.startswith("{") and '"cells"' in text:
        nb = nbformat.reads(text, as_version=4)
        texts += [cell.source for cell in nb.cells]
        texts += [json.dumps(output) for cell in nb.cells for output in cell.get("outputs", [])]
    return texts


def leaks(content: bytes, secret: set[str], words: tuple[str, ...] = ()) -> list[str]:
    texts = shipped_texts(content)
    found = [run for text in texts for run in windows(text) & secret]
    return found + [word for text in texts for word in words if word in text]


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release, committed to a git repository of its own, as a teacher publishes it."""
    out = tmp_path_factory.mktemp("release") / "public"
    assert release.main(["student", "--out", str(out)]) == 0
    git(out, "init", "--quiet", "--initial-branch", "main")
    git(out, "add", "--all")
    git(out, "-c", "user.name=Teacher", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "Publish the book")
    return out


def git(folder: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True).stdout


def objects(folder: Path) -> dict[str, bytes]:
    """Every blob in the repository's history, by its name."""
    listed = git(folder, "cat-file", "--batch-check", "--batch-all-objects").decode().split("\n")
    blobs = [line.split()[0] for line in listed if " blob " in line]
    return {blob: git(folder, "cat-file", "blob", blob) for blob in blobs}


def test_the_fingerprints_find_a_leak() -> None:
    secret = secrets()
    assert len(secret) > 500
    for name in names():
        solved = (ROOT / "solutions" / name / f"{name}.ipynb").read_bytes()
        assert leaks(solved, secret)
        assert leaks((ROOT / "tests" / "graders" / f"{name}.py").read_bytes(), secret)


def test_no_secret_is_in_any_file_or_git_object(public: Path) -> None:
    secret = secrets()
    words = ("BEGIN SOLUTION", "BEGIN HIDDEN TESTS")
    blobs = objects(public)
    assert len(blobs) > 50
    for content in blobs.values():
        assert not leaks(content, secret), content[:200]
    for path in public.rglob("*.ipynb"):
        # The call with a name in quotes: a chapter may well have a function that is called so.
        assert not leaks(path.read_bytes(), secret, (*words, 'hidden("', "hidden('"))
    tracked_files = git(public, "ls-files").decode().split()
    everything = [p.relative_to(public).as_posix() for p in public.rglob("*") if p.is_file() and ".git/" not in f"{p}"]
    assert sorted(everything) == sorted(tracked_files)


def test_the_teachers_files_stay_and_the_others_come(public: Path) -> None:
    shipped = {path.relative_to(public).as_posix() for path in public.rglob("*") if path.is_file()}
    assert not {path for path in shipped if not release.is_public(path)}
    expected = {path for path in release.tracked(ROOT) if release.is_public(path)}
    assert expected <= shipped
    for needed in (
        "Makefile",
        "README.md",
        "_toc.yml",
        "_config.yml",
        "exercises/gan/gan.ipynb",
        "coursekit/grading.py",
    ):
        assert needed in shipped
    assert os.access(public / ".ci/run", os.X_OK) == os.access(ROOT / ".ci/run", os.X_OK)


def test_commands_that_are_named_exist(public: Path) -> None:
    makefile = (public / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    assert targets.isdisjoint(release.TARGETS)
    assert {"book", "serve", "test", "lab"} <= targets
    for module in set(re.findall(r"-m tools\.(\w+)", makefile)):
        assert (public / "tools" / f"{module}.py").is_file()
    for text in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"`make ([a-z-]+)", (public / text).read_text(encoding="utf-8")):
            assert target in targets, f"{text} names make {target}"


def own_environment(folder: Path) -> None:
    """A virtual environment in ``folder`` that finds this one's packages, so that installing them takes seconds."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / ".venv")], check=True)
    inside = [str(folder / ".venv" / "bin" / "python"), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(inside, check=True, capture_output=True, text=True).stdout.strip())
    (packages / "packages_of_the_tests.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    for program in Path(sys.executable).parent.iterdir():  # jupyter-book, ruff, npm: found beside python
        link = folder / ".venv" / "bin" / program.name
        if not link.exists() and not program.name.startswith(("python", "pip", "activate", "Activate")):
            link.symlink_to(program)


def test_the_release_builds_alone_answers_included(public: Path, tmp_path: Path) -> None:
    """`make book` in a copy, with answers added: no file of the teacher's checkout is needed."""
    assert shutil.which("make"), "needs make"
    copy = tmp_path / "book"
    shutil.copytree(public, copy, ignore=shutil.ignore_patterns(".git"))
    assert release.main(["answers", "gan", "--out", str(copy)]) == 0
    own_environment(copy)
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "COURSEKIT_GRADERS")}
    done = subprocess.run(["make", "book"], cwd=copy, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    html = copy / "_build" / "html"
    assert "YOUR CODE HERE" in (html / "exercises" / "gan" / "gan.html").read_text(encoding="utf-8")
    assert "bincount" in (html / "answers" / "gan" / "gan.html").read_text(encoding="utf-8")
    assert (html / "book" / "adversarial" / "gan.html").is_file()
    from_kit = [str(copy / ".venv/bin/python"), "-c", "import coursekit; print(coursekit.__file__)"]
    where = subprocess.run(from_kit, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert Path(where.strip()).is_relative_to(copy)


# What the commands do with folders ------------------------------------------------------------------------------------


def test_somebody_elses_folder_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    assert release.main(["student", "--out", str(tmp_path)]) == 2
    assert "is not empty and was not written by this command" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]
    assert release.main(["student", "--out", str(tmp_path / "thesis.tex")]) == 2
    assert release.main(["answers", "gan", "--out", str(tmp_path)]) == 2
    assert release.main(["answers", "gan", "--out", str(tmp_path / "new")]) == 2
    assert "there is no release in" in capsys.readouterr().err
    assert release.main(["student", "--out", str(ROOT)]) == 2
    assert "cannot be written over this one" in capsys.readouterr().err


def test_a_second_release_replaces_its_own_files_and_keeps_answers(tmp_path: Path) -> None:
    out = tmp_path / "public"
    release.write_release(out)
    (out / "notes.txt").write_text("the teacher's", encoding="utf-8")
    (out / ".git").mkdir()
    stale = out / "book" / "gone" / "old.md"
    stale.parent.mkdir()
    stale.write_text("a page of last year", encoding="utf-8")
    listed = json.loads((out / release.LIST).read_text(encoding="utf-8"))
    listed["files"].append("book/gone/old.md")
    (out / release.LIST).write_text(json.dumps(listed), encoding="utf-8")
    release.add_answers("gan", out)
    release.write_release(out)
    assert not stale.parent.exists()
    assert (out / "notes.txt").exists()
    assert (out / ".git").exists()
    assert (out / "answers" / "gan" / "gan.ipynb").is_file()
    assert (out / "_toc.yml").read_text(encoding="utf-8").count("answers/gan/gan") == 1
    release.add_answers("gan", out)
    assert (out / "_toc.yml").read_text(encoding="utf-8").count("answers/gan/gan") == 1


def test_answers_hold_the_solution_and_no_hidden_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in names():
        answer = release.answer_notebook(notebook(name))
        text = "\n".join(cell.source for cell in answer.cells)
        assert "HIDDEN TESTS" not in text
        assert "SOLUTION" not in text
        assert 'hidden("' not in text
        assert not any(metadata(cell) for cell in answer.cells)
        for cell in notebook(name).cells:
            solution = regions(cell.source, "SOLUTION").strip()
            assert solution.splitlines()[0] in text if solution else True
    release.write_release(tmp_path / "public")
    assert release.main(["answers", "nothing", "--out", str(tmp_path / "public")]) == 2
    assert "there is no assignment 'nothing'" in capsys.readouterr().err


def test_a_release_needs_git(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    environment_root = tmp_path / "plain"
    with pytest.raises(release.ReleaseError, match="git says"):
        release.write_release(tmp_path / "out", environment_root)
