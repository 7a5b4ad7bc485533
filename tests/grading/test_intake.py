"""Broken hand-ins: whatever is sent in, the batch goes on, what can be repaired is, and all of it is told."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from assignments import metadata, names, notebook
from nbformat.v4 import new_markdown_cell, new_raw_cell

from coursekit.grading import intake
from coursekit.grading.intake import choose, public_source, read, released_cells, settle, take_in

NAME = "gan"
RELEASE = notebook(NAME, "exercises")
FIXTURES = Path(__file__).parent / "fixtures"
GRADED = [metadata(cell)["grade_id"] for cell in RELEASE.cells if metadata(cell).get("grade")]


def release() -> nbformat.NotebookNode:
    return notebook(NAME, "exercises")


def data(nb: nbformat.NotebookNode) -> bytes:
    return json.dumps(nb).encode()


def cell(nb: nbformat.NotebookNode, grade_id: str) -> nbformat.NotebookNode:
    return next(c for c in nb.cells if metadata(c).get("grade_id") == grade_id)


def graded(nb: nbformat.NotebookNode) -> list[str]:
    return [metadata(c)["grade_id"] for c in nb.cells if metadata(c).get("grade")]


def whole(nb: nbformat.NotebookNode) -> None:
    """Every graded cell is there once, as released, and nbformat and nbgrader have nothing to complain about."""
    nbformat.validate(nb)
    assert sorted(graded(nb)) == sorted(GRADED)
    for grade_id in GRADED:
        assert cell(nb, grade_id).source == cell(RELEASE, grade_id).source
        assert metadata(cell(nb, grade_id)) == metadata(cell(RELEASE, grade_id))
    assert len({c.id for c in nb.cells}) == len(nb.cells)


# What is no notebook --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"PK\x03\x04rest", "an archive or an office document"),
        (b"%PDF-1.7", "a PDF"),
        (b"<!doctype html><html></html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b"def f(): pass", "no notebook"),
        (b"{", "no notebook"),
        (b"[]", "no cells"),
        (b'{"cells": 3}', "no cells"),
        (b"\x80\x81\xfe\x00", "no notebook"),
        (b"[" * 100_000, "no notebook"),
        (b'{"cells": [], "nbformat": "four"}', "cannot be read"),
    ],
)
def test_what_is_no_notebook_is_said(content: bytes, words: str) -> None:
    result = read(content)
    assert result.notebook is None
    assert words in result.problem
    taken = take_in({f"{NAME}.ipynb": content}, NAME, release())
    whole(taken.notebook)
    assert taken.problem
    assert "could not be graded" in taken.notebook.cells[0].source


def test_odd_but_readable_files() -> None:
    text = data(release()).decode()
    for encoding in ("utf-8-sig", "utf-16"):
        result = read(text.encode(encoding))
        assert result.notebook is not None
        assert "was not in UTF-8" in result.notes[0]
    broken = json.loads(text)
    broken["cells"][3:3] = [None, {"cell_type": "heading"}, {"cell_type": "code"}]
    broken["cells"][6]["metadata"] = None
    broken["cells"][7]["source"] = broken["cells"][7]["source"].splitlines(keepends=True)
    del broken["metadata"], broken["nbformat_minor"]
    taken = take_in({f"{NAME}.ipynb": json.dumps(broken).encode()}, NAME, release())
    assert "cell 3 is no cell and was left out" in taken.notes
    whole(taken.notebook)


def test_an_old_notebook_is_upgraded() -> None:
    old = nbformat.convert(release(), 3)
    taken = take_in({f"{NAME}.ipynb": json.dumps(old).encode()}, NAME, release())
    assert "the notebook was of the old format 3" in taken.notes
    whole(taken.notebook)


def bomb(*cells: dict, **more: object) -> bytes:
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}
    return json.dumps(content).encode("utf-8", "surrogatepass")


def code(source: str, **metadata: object) -> dict:
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None}


RESULT = {"grade_id": "losses_hidden", "points": 99.0, "max_points": 99.0, "outcome": "passed"}
BOMBS = {
    "blank lines, which a careless pattern goes through again for each of them": bomb(code("\n" * 1_000_000)),
    "beginnings without an end": bomb(code("### BEGIN HIDDEN TESTS\n" * 40_000)),
    "beginnings and one end": bomb(code("### BEGIN HIDDEN TESTS\n" * 40_000 + "### END HIDDEN TESTS")),
    "brackets": bomb({"cell_type": "markdown", "source": "[\n" * 500_000, "metadata": {}}),
    "cells that are none": bomb(*[{}] * 300_000),
    "many cells": bomb(*[code("1")] * 50_000),
    "one id for all": bomb(*[{**code("1"), "id": "cell-3"}] * 5_000),
    "much source": bomb(*[code("x" * 100_000)] * 100),
    "half a character": bomb(code("x = '\ud800'")),
    "a zero": bomb(code("x = '\0'")),
    "an id that is a list": bomb({**code("1"), "id": [1]}, code("1", id=[1]), code("1", id={"a": 1})),
    "tags that are no tags": bomb(code("1", tags=3, deletable="no"), code("1", tags=[1, {}])),
    "a deep metadata": bomb(code("1")).replace(
        b'"metadata": {}', b'"metadata": {"tags": ' + b"[" * 900 + b"]" * 900 + b"}"
    ),
    "a language that is none": bomb(code("1"), metadata={"language_info": 7, "kernelspec": []}),
    "results of its own": bomb(
        code("1", coursekit=RESULT), metadata={"coursekit": {"notes": 3}, "coursekit-intake": 3}
    ),
    "100 MB": b'{"cells": [], "x": "' + b" " * (100 << 20) + b'"}',
}


@pytest.mark.parametrize("what", BOMBS)
def test_no_notebook_takes_long_or_breaks_what_reads_it(what: str) -> None:
    """Intake runs outside of the sandbox: whatever the bytes are, it ends soon, with a notebook that can be written."""
    start = time.monotonic()
    taken = take_in({f"{NAME}.ipynb": BOMBS[what]}, NAME, release())
    assert bool(taken.problem) == (what == "100 MB"), taken.problem
    whole(taken.notebook)
    nbformat.writes(taken.notebook).encode()
    intake.disarm(taken.notebook, release())
    assert time.monotonic() - start < 10
    assert len(taken.notes) <= intake.MAX_NOTES + 1
    assert "coursekit" not in str([c.metadata for c in taken.notebook.cells])
    json.dumps(taken.notes).encode()


def test_odd_file_names_are_told_in_one_line(tmp_path: Path) -> None:
    for name in (b"\xff.ipynb", b"a\x1b[2J\n.txt", "\u202egnp.ipynb".encode()):
        (tmp_path / os.fsdecode(name)).write_bytes(data(release()))
    os.mkfifo(tmp_path / "pipe.ipynb")
    with (tmp_path / "sparse.txt").open("wb") as file:
        file.truncate(1 << 40)
    taken = take_in(intake.files_of(tmp_path), NAME, release())
    assert not taken.problem
    assert all(note.isprintable() for note in taken.notes), taken.notes
    json.dumps(taken.notes).encode()


# Which file -----------------------------------------------------------------------------------------------------------


def test_a_renamed_notebook_is_found() -> None:
    files = {"gan (1).ipynb": data(release()), "notes.txt": b"hello", "scratch.ipynb": b'{"cells": [], "nbformat": 4}'}
    chosen, notes = choose(files, NAME)
    assert chosen == "gan (1).ipynb"
    assert notes == ["there was no gan.ipynb; gan (1).ipynb was taken for it; there were 2 notebooks"]
    assert choose({**files, "gan.ipynb": b"{"}, NAME)[0] == "gan.ipynb"


@pytest.mark.parametrize("files", [{}, {"essay.pdf": b"%PDF-1.7"}, {"<script>.txt": b"x"}])
def test_a_missing_notebook_becomes_an_unsolved_one(files: dict[str, bytes]) -> None:
    taken = take_in(files, NAME, release())
    whole(taken.notebook)
    assert "no notebook gan.ipynb was handed in" in taken.problem
    assert "<script>" not in taken.notebook.cells[0].source


def test_files_are_read_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("gradebook")
    folder = tmp_path / "ada"
    folder.mkdir()
    (folder / "gan.ipynb").symlink_to(tmp_path / "secret")
    (folder / "timestamp.txt").write_text("2027-01-15 17:20:00 UTC")
    (folder / "notes.md").write_text("hello")
    assert intake.files_of(folder) == {"notes.md": b"hello"}
    assert intake.files_of(tmp_path / "nobody") == {}


# Test cells -----------------------------------------------------------------------------------------------------------

VISIBLE = "jensen_shannon_visible"


def edited(nb: nbformat.NotebookNode) -> str:
    cell(nb, VISIBLE).source = "print('all fine')"
    return f"the test cell {VISIBLE} was edited; the original counts"


def deleted(nb: nbformat.NotebookNode) -> str:
    nb.cells.remove(cell(nb, VISIBLE))
    return f"the cell {VISIBLE} was missing and has been put back"


def duplicated(nb: nbformat.NotebookNode) -> str:
    nb.cells.insert(2, nbformat.from_dict(cell(nb, VISIBLE)))
    return f"the cell {VISIBLE} is there more than once; the last one counts"


def reordered(nb: nbformat.NotebookNode) -> str:
    moved = cell(nb, VISIBLE)
    nb.cells.remove(moved)
    nb.cells.insert(0, moved)
    return f"the test cell {VISIBLE} stood before the code that it tests; it was moved to the end"


def stripped(nb: nbformat.NotebookNode) -> str:
    for c in nb.cells:
        c.metadata = {}
    return f"the cell {VISIBLE} had lost its id and was recognised by its cell id"


def stripped_of_ids(nb: nbformat.NotebookNode) -> str:
    for c in nb.cells:
        c.metadata = {}
        c.pop("id")
    return f"the cell {VISIBLE} had lost its id and was recognised by its text"


def commented(nb: nbformat.NotebookNode) -> str:
    found = cell(nb, VISIBLE)
    found.metadata, found.id = {}, "anything"
    found.source = f"# grade_id: {VISIBLE}\n1 / 0"
    return f"the cell {VISIBLE} had lost its id and was recognised by a comment"


def turned_into_text(nb: nbformat.NotebookNode) -> str:
    found = cell(nb, VISIBLE)
    found.cell_type = "markdown"
    found.pop("outputs"), found.pop("execution_count")
    return f"the cell {VISIBLE} was turned into a markdown cell; it is code"


def more_points(nb: nbformat.NotebookNode) -> str:
    metadata(cell(nb, VISIBLE)).update(points=100, locked=False, solution=True)
    cell(nb, VISIBLE).source += "\n# mine"
    return f"the test cell {VISIBLE} was edited; the original counts"


def unknown(nb: nbformat.NotebookNode) -> str:
    nb.cells[0].metadata["nbgrader"] = {"grade_id": "bonus", "grade": True, "points": 50}
    return "a cell with the unknown id 'bonus' counts as an ordinary cell"


def odd_metadata(nb: nbformat.NotebookNode) -> str:
    nb.cells[0].metadata["nbgrader"] = [1, 2]
    return "a cell with the unknown id None counts as an ordinary cell"


def nothing_left(nb: nbformat.NotebookNode) -> str:
    nb.cells = []
    return f"the cell {VISIBLE} was missing and has been put back"


BROKEN: list[Callable[[nbformat.NotebookNode], str]] = [
    edited,
    deleted,
    duplicated,
    reordered,
    stripped,
    stripped_of_ids,
    commented,
    turned_into_text,
    more_points,
    unknown,
    odd_metadata,
    nothing_left,
]


@pytest.mark.parametrize("breaks", BROKEN, ids=lambda f: f.__name__)
def test_broken_notebooks_are_repaired_and_reported(breaks: Callable[[nbformat.NotebookNode], str]) -> None:
    nb = release()
    sentence = breaks(nb)
    handed_in = data(nb)
    files = {f"{NAME}.ipynb": handed_in}
    taken = take_in(files, NAME, release())
    assert sentence in taken.notes
    assert not taken.problem
    whole(taken.notebook)
    assert files == {f"{NAME}.ipynb": handed_in}  # the original stays


def test_solutions_stay_where_and_what_they_are() -> None:
    nb = release()
    cell(nb, "jensen_shannon").source = "def jensen_shannon(p, q):\n    return 7"
    taken = take_in({"gan.ipynb": data(nb)}, NAME, release())
    assert taken.notes == []
    assert cell(taken.notebook, "jensen_shannon").source.endswith("return 7")


@pytest.mark.parametrize("name", names())
def test_the_released_notebook_needs_no_repair(name: str) -> None:
    nb = notebook(name, "exercises")
    taken = take_in({f"{name}.ipynb": data(nb)}, name, nb)
    assert (taken.notes, taken.problem) == ([], "")
    assert [c.source for c in taken.notebook.cells] == [c.source for c in nb.cells]


def test_hidden_tests_are_no_part_of_what_was_released() -> None:
    solved = notebook(NAME)
    for c in solved.cells:
        if metadata(c).get("grade"):
            public = next(r for r in RELEASE.cells if metadata(r).get("grade_id") == metadata(c)["grade_id"])
            assert public_source(c.source) == public_source(public.source)


def test_markup_of_a_student_becomes_text_and_mathematics_stays() -> None:
    nb = release()
    nb.cells[3:3] = [new_markdown_cell("$a<b$ <b>x</b> <https://example.org> 1 < 2 <!-- x -->"), new_raw_cell("<i>")]
    before = [c.source for c in nb.cells]
    intake.disarm(nb, release())
    assert nb.cells[3].source == "$a&lt;b$ &lt;b>x&lt;/b> <https://example.org> 1 < 2 &lt;!-- x -->"
    assert (nb.cells[4].cell_type, nb.cells[4].source) == ("markdown", "&lt;i>")
    assert [c.source for c in nb.cells[:3] + nb.cells[5:]] == before[:3] + before[5:]


@pytest.mark.parametrize(
    "link",
    [
        "[x](javascript:alert(1))",
        "[x]( \n JavaScript:alert(1))",
        "[x](<javascript:alert(1)>)",
        "[x](java&#115;cript:alert(1))",
        "[x](javascript&colon;alert(1))",
        "[x](java\\script:alert(1))",
        "![x](data:text/html;base64,aGk=)",
        "[x][1]\n\n[1]: javascript:alert(1)",
        "[x][1\\]]\n\n[1\\]]: javascript:alert(1)",
        "<javascript:alert(1)>",
    ],
)
def test_no_link_is_a_script(link: str) -> None:
    from nbconvert.filters.markdown_mistune import markdown2html_mistune as html

    page = html(intake.disarmed(link)).replace(" ", "").lower()
    assert not re.search(r"(href|src)=[\"'](?!#|https?:|mailto:|attachment:)[^\"']*:", page), page
    assert "<javascript" not in page
    for fine in ("[x](https://example.org/a?b=1&c=2)", "![x](attachment:a.png)", "[x](#top)", "[x](../gan.ipynb)"):
        assert intake.disarmed(fine) == fine


def test_pictures_in_texts_stay_and_nothing_else_does() -> None:
    nb = json.loads(data(release()))
    nb["metadata"]["widgets"] = {"state": "</script>"}
    good, bad = {"image/png": "aGk="}, {"image/png": '"><script>', "text/html": "<b>"}
    nb["cells"][0]["attachments"] = {"a b.png": good, "c.png": bad, "d": 3}
    read_again = read(json.dumps(nb).encode()).notebook
    assert read_again.cells[0].attachments == {"a_b.png": good}
    assert "widgets" not in read_again.metadata


# Other programs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "words"), [("colab.ipynb", "saved by Colab"), ("vscode.ipynb", "saved by VS Code")])
def test_what_other_programs_save(file: str, words: str) -> None:
    handed_in = (FIXTURES / file).read_bytes()
    taken = take_in({"gan.ipynb": handed_in}, NAME, release())
    assert words in taken.notes
    assert not taken.problem
    whole(taken.notebook)
    assert "return np.sqrt(" in cell(taken.notebook, "jensen_shannon").source
    settled = nbformat.from_dict(taken.notebook)
    assert settle(settled, released_cells(release())) == []  # settled twice is settled once
