"""What a reader meets who opens a notebook in Colab: the kit installs alone, the notebook runs alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest

from tools import colab, contract, notebooks
from tools.repository import COLAB_LINK, ROOT, read_repository, text_files

# What Colab has where the kit or the notebooks touch it. torch is the book's own version, from where the main
# environment got it; Colab's is older, and pyproject.toml admits both.
COLAB = [
    "babel==2.17.0",
    "ipykernel==6.17.1",
    "ipython==7.34.0",
    "ipywidgets==7.7.1",
    "jupyter-client==7.4.9",
    "matplotlib==3.10.0",
    "nbclient==0.10.2",
    "nbformat==5.10.4",
    "nltk==3.9.1",
    "notebook==6.5.7",
    "numpy==2.1.3",
    "pillow==11.3.0",
    "regex==2024.11.6",
    "scikit-learn==1.6.1",
    "scipy==1.16.3",
    "sympy==1.14.0",
    "torch==2.13.0",
    "tornado==6.5.1",
    "tqdm==4.67.3",
]
PLACES = ("book", "exercises", "solutions")
NOTEBOOKS = sorted(
    path for place in PLACES for path in (ROOT / place).rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
)
SHOWN = [path for path in NOTEBOOKS if path.relative_to(ROOT).parts[0] != "solutions"]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_first_code_cell_is_the_agreed_one(path: Path) -> None:
    code = notebooks.cells(notebooks.read(path), "code")
    assert code[0][1].source == contract.setup_source(read_repository().url)
    assert notebooks.SETUP in notebooks.tags(code[0][1])


def test_setup_cell_installs_on_colab_and_does_nothing_elsewhere() -> None:
    """Run it in an IPython shell of its own whose `%pip` writes down what it is asked, with and without Colab."""
    script = """
import sys, types
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
asked = []
shell.register_magic_function(asked.append, "line", "pip")
assert "google.colab" not in sys.modules
assert shell.run_cell(sys.argv[1]).success
assert asked == [], asked
sys.modules["google"] = types.ModuleType("google")
sys.modules["google.colab"] = types.ModuleType("google.colab")
assert shell.run_cell(sys.argv[1]).success
print(asked)
"""
    url = read_repository().url
    environment = os.environ | {"IPYTHONDIR": os.devnull}
    done = subprocess.run(
        [sys.executable, "-c", script, contract.setup_source(url)], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str([f"install --quiet git+{url}"])


def test_colab_links_point_at_notebooks_that_students_have() -> None:
    """A link to a file that is not there, or that only the teacher's tree has, opens an error page."""
    found = 0
    for path in text_files(ROOT):
        text = path.read_text(encoding="utf-8")
        for match in COLAB_LINK.finditer(text):
            target = re.match(r"/([^\s)\"'\\#?]+)", text[match.end() :])
            assert target, f"{path.name}: {match[0]} names no file"
            # A tool may hold a pattern for links, such as .../blob/main/{path}.
            if path.suffix != ".py" and "{" not in target[1]:
                found += 1
                assert (ROOT / target[1]).is_file(), f"{path.name}: {target[1]} does not exist"
                assert not target[1].startswith(("solutions/", "tests/")), (
                    f"{path.name}: {target[1]} is not for students"
                )
    assert found >= 1


def no_packages_because(python: Path) -> str:
    """Say why this pip cannot fetch packages, or "" where it can."""
    command = [python, "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps", "tqdm==4.67.3"]
    done = subprocess.run(command, capture_output=True, text=True)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no message"])[-1]


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with Colab's kind of packages; returns its Python."""
    folder = tmp_path_factory.mktemp("hosted")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    if reason := no_packages_because(python):
        pytest.skip(f"needs a package index or pip's cache: {reason}")
    installed = subprocess.run(
        # Byte code of all of torch takes longer than what the notebooks import of it.
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", *COLAB],
        capture_output=True,
        text=True,
    )
    assert installed.returncode == 0, installed.stderr[-2000:]
    return python


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return colab.build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.mark.slow
def test_every_notebook_runs_alone_where_only_the_kit_was_installed(hosted: Path, wheel: Path) -> None:
    """The kit's wheel moves nothing; chapters and pages run; unsolved exercises stop at their stubs only."""
    listed = subprocess.run(
        [hosted, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    assert "coursekit" not in listed.stdout
    # Outside the repository, without its environment: nothing but the wheel may give the notebooks the kit.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COURSEKIT_", "PYTHON"))}
    started = time.monotonic()
    done = subprocess.run(
        [hosted, str(ROOT / "tools" / "colab.py"), wheel, *SHOWN],
        capture_output=True,
        text=True,
        cwd=wheel.parent,
        env=environment,
    )
    print(done.stdout, f"{time.monotonic() - started:.0f} s in all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "coursekit 0.1.0 moves no other package" in done.stdout
    after = subprocess.run([hosted, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True)
    changed = set(after.stdout.splitlines()) - set(listed.stdout.splitlines())
    names = [{re.split("==| @ ", line)[0] for line in lines} for lines in (changed, listed.stdout.splitlines())]
    assert "coursekit" in names[0]
    assert not names[0] & names[1], "a package that was there was moved"


@pytest.mark.slow
def test_a_wheel_that_would_move_a_package_is_noticed(hosted: Path, tmp_path: Path) -> None:
    """The alarm works: the same kit that asks for a newer NumPy is refused, and nothing is installed."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("README.md", "LICENSE"):
        (tree / name).write_text("", encoding="utf-8")
    for package in ("coursekit", "coursekit/grading"):
        (tree / package).mkdir()
        (tree / package / "__init__.py").write_text("", encoding="utf-8")
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tree / "pyproject.toml").write_text(re.sub(r'"numpy>=[\d.]+"', '"numpy>=2.2"', text), encoding="utf-8")
    wheel = colab.build_wheel(tmp_path, root=tree)
    done = subprocess.run([hosted, str(ROOT / "tools" / "colab.py"), wheel], capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search(r"expected the wheel to move no package, got .*numpy 2\.", done.stderr), done.stderr
