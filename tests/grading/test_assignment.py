"""The student's version is the teacher's, through nbgrader, with nothing hidden left in it."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from assignments import ROOT, metadata, names, notebook

from tools import assignment


@pytest.mark.parametrize("name", names())
def test_the_students_version_is_up_to_date(name: str) -> None:
    """Byte for byte: whoever changes the teacher's version runs `make assignment NAME=…`."""
    committed = (ROOT / "exercises" / name / f"{name}.ipynb").read_text(encoding="utf-8")
    assert assignment.generate(name) == committed


@pytest.mark.parametrize("name", names())
def test_the_students_version_reads_as_it_should(name: str) -> None:
    student, teacher = notebook(name, "exercises"), notebook(name)
    assert assignment.release_problems(teacher, student) == []
    assert assignment.source_problems(teacher, name) == []
    stubs = [cell for cell in student.cells if metadata(cell).get("solution")]
    assert stubs
    assert all("raise NotImplementedError()" in cell.source for cell in stubs)
    hidden = [cell for cell in student.cells if str(metadata(cell).get("grade_id")).endswith("_hidden")]
    assert all(cell.source.startswith("# More tests of task") for cell in hidden)
    assert student.cells[1].metadata.get("tags") == ["setup"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in student.cells)


@pytest.mark.parametrize("name", names())
def test_links_between_exercise_and_chapter_resolve(name: str) -> None:
    import re

    for cell in notebook(name, "exercises").cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\((?!https?:)([^)#]+)", cell.source):
                assert (ROOT / "exercises" / name / target).resolve().is_relative_to(ROOT)
                assert (ROOT / "exercises" / name / target).is_file(), target


def broken(name: str, change) -> list[str]:
    nb = notebook(name)
    change({metadata(cell).get("grade_id"): cell for cell in nb.cells}, nb)
    return assignment.source_problems(nb, name)


def points(cells: dict, _: nbformat.NotebookNode) -> None:
    cells["losses_hidden"].metadata["nbgrader"]["points"] = 4


def schema(cells: dict, _: nbformat.NotebookNode) -> None:
    cells["losses"].metadata["nbgrader"]["schema_version"] = 2


def twice(cells: dict, nb: nbformat.NotebookNode) -> None:
    nb.cells.append(nbformat.from_dict(cells["losses"]))


def sentence(_: dict, nb: nbformat.NotebookNode) -> None:
    nb.cells[0].source += "\nPut your code between BEGIN SOLUTION and the end."


def no_solution(cells: dict, _: nbformat.NotebookNode) -> None:
    cells["losses"].source = "def losses(): pass"


def in_text(_: dict, nb: nbformat.NotebookNode) -> None:
    nb.cells[2].source += "\n### BEGIN HIDDEN TESTS\nx = 1\n### END HIDDEN TESTS"


def ends_with_a_value(cells: dict, _: nbformat.NotebookNode) -> None:
    cells["losses_visible"].source += "\n2.0"


def another_task(cells: dict, _: nbformat.NotebookNode) -> None:
    cells["losses_hidden"].source = cells["losses_hidden"].source.replace('"losses"', '"count_modes"')


def no_call(cells: dict, _: nbformat.NotebookNode) -> None:
    source = cells["losses_hidden"].source
    cells["losses_hidden"].source = source.replace('hidden("gan"', 'print(hidden("gan"').replace(
        "globals())", "globals()))"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (points, "the tasks give 21 points together, not 20"),
        (points, "points=4"),
        (schema, "schema_version must be 3"),
        (twice, "stands twice"),
        (sentence, "must stand alone in its line"),
        (no_solution, "a solution cell has a solution between its markers"),
        (in_text, "hidden tests stand in a cell that gives no points"),
        (ends_with_a_value, "must not end with a value"),
        (another_task, "the last line must be hidden('gan', 'losses'"),
        (no_call, "must end with hidden"),
    ],
)
def test_a_faulty_source_is_refused(change, words: str) -> None:
    assert any(words in problem for problem in broken("gan", change)), broken("gan", change)


def test_a_leak_is_seen() -> None:
    teacher, student = notebook("gan"), notebook("gan", "exercises")
    solved = next(c for c in teacher.cells if metadata(c).get("grade_id") == "jensen_shannon")
    student.cells[4].source = solved.source.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", "")
    assert any("shows a hidden line" in problem for problem in assignment.release_problems(teacher, student))
    assert any("shows the marker" in problem for problem in assignment.release_problems(teacher, teacher))
    assert any("has outputs" in problem for problem in assignment.release_problems(teacher, teacher))


def test_the_commands_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert assignment.main(["nothing"]) == 2
    assert f"assignments are: {', '.join(names())}" in capsys.readouterr().err
    folder = tmp_path / "solutions" / "gan"
    folder.mkdir(parents=True)
    monkeypatch.setattr(assignment, "ROOT", tmp_path)
    monkeypatch.setattr(assignment, "generate", lambda name: "new")
    (folder / "gan.ipynb").write_text("{}", encoding="utf-8")
    assert assignment.main(["gan", "--check"]) == 1
    assert "run make assignment NAME=gan" in capsys.readouterr().err
    assert assignment.main(["gan"]) == 0
    assert assignment.main(["--check"]) == 0
    assert "is up to date" in capsys.readouterr().out


def test_other_files_beside_the_source_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "solutions" / "gan"
    folder.mkdir(parents=True)
    (folder / "gan.ipynb").write_text("{}", encoding="utf-8")
    (folder / "notes.md").write_text("the answer is 42", encoding="utf-8")
    with pytest.raises(assignment.AssignmentError, match=r"move away: notes\.md"):
        assignment.generate("gan", tmp_path)
