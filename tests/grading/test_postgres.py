"""The gradebook in PostgreSQL: a real server, which these tests start, and all that it may refuse."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import postgres
import pytest
from nbgrader.api import Gradebook
from small_class import NAME, make, run, scores, total

from coursekit.grading import gradebook, sandbox

pytestmark = [
    pytest.mark.skipif(bool(sandbox.missing()), reason=sandbox.missing() or "there is a sandbox"),
    pytest.mark.skipif(postgres.programs() is None, reason=postgres.INSTALL),
]


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.server() as running:
        yield running


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, server: postgres.Server) -> Path:
    """A class of three, handed out and graded into PostgreSQL; ``said.txt`` is all that the commands said."""
    root = make(tmp_path_factory.mktemp("class"), ["perfect", "blank", "exits"])
    db = f"--db={server.url()}"
    said = run(root, "grade", NAME, db, code=2)
    assert (
        "the gradebook does not know gan yet; run this first: nbgrader generate_assignment gan --force --db=…" in said
    )
    said += run(root, "generate_assignment", NAME, "--force", db, module="nbgrader")
    said += run(root, "grade", NAME, db, "--workers", "1")
    (root / "said.txt").write_text(said, encoding="utf-8")
    return root


def test_points_are_those_of_any_gradebook(course: Path, server: postgres.Server) -> None:
    assert {student: total(cells) for student, cells in scores(server.url()).items()} == {
        "perfect": 20.0,
        "exits": 18.0,
        "blank": 0.0,
    }
    assert "3 graded, 0 of them unchanged, 0 ungraded" in (course / "said.txt").read_text(encoding="utf-8")
    assert not (course / "gradebook.db").exists()


def test_report_feedback_and_export(course: Path, server: postgres.Server) -> None:
    db = f"--db={server.url()}"
    said = run(course, "report", NAME, db)
    said += run(course, "generate_feedback", NAME, "--student=exits", db, module="nbgrader")
    said += run(course, "export", "--to=grades.csv", db, module="nbgrader")
    (course / "said-too.txt").write_text(said, encoding="utf-8")
    table = csv.DictReader(
        (course / "graded" / NAME / "report" / "scores.csv").read_text(encoding="utf-8").splitlines()
    )
    assert {row["student"]: float(row["score"]) for row in table} == {"perfect": 20, "exits": 18, "blank": 0}
    assert "crashed: 0 of 1 points" in (course / "feedback" / "exits" / NAME / f"{NAME}.html").read_text("utf-8")
    exported = csv.DictReader((course / "grades.csv").read_text(encoding="utf-8").splitlines())
    assert {row["student_id"]: float(row["score"]) for row in exported} == {"perfect": 20, "exits": 18, "blank": 0}


def test_what_the_database_refuses_is_graded_the_next_time(course: Path, server: postgres.Server) -> None:
    """A database that takes no scores loses nothing: no record says that they are there. Marks by hand survive."""
    with Gradebook(server.url()) as book:
        for grade in book.find_submission_notebook(NAME, NAME, "exits").grades:
            grade.auto_score = None
        book.find_grade("count_modes_hidden", NAME, NAME, "exits").manual_score = 1.5
        book.db.commit()
    server.run(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$",
        "CREATE TRIGGER refuses BEFORE UPDATE ON grade FOR EACH ROW EXECUTE FUNCTION refuse()",
        database="gradebook",
    )
    said = run(course, "grade", NAME, "--db", server.url(), code=1)
    assert "2 graded, 2 of them unchanged, 1 ungraded" in said
    assert "exits: UNGRADED: " in said
    assert "the disk is full" in said
    server.run("DROP TRIGGER refuses ON grade", database="gradebook")
    server.run("ALTER DATABASE gradebook ALLOW_CONNECTIONS false")
    said += run(course, "grade", NAME, "--db", server.url(), code=2)
    assert "the gradebook at postgresql+psycopg://teacher:***@/gradebook refuses: " in said
    assert "not currently accepting connections" in said
    assert "Traceback" not in said
    server.run("ALTER DATABASE gradebook ALLOW_CONNECTIONS true")
    said += run(course, "grade", NAME, "--db", server.url())
    assert "3 graded, 2 of them unchanged, 0 ungraded" in said
    (course / "said-last.txt").write_text(said, encoding="utf-8")
    cells = scores(server.url())["exits"]
    possible = {grade_id: auto for grade_id, (auto, _) in scores(server.url())["perfect"].items()}
    lost = {"smoothed_discriminator_visible", "smoothed_discriminator_hidden"}
    assert {grade_id: auto for grade_id, (auto, _) in cells.items()} == possible | dict.fromkeys(lost, 0.0)
    assert cells["count_modes_hidden"][1] == 1.5
    with Gradebook(server.url()) as book:
        assert book.find_grade("count_modes_hidden", NAME, NAME, "exits").needs_manual_grade


def test_the_password_is_nowhere(course: Path) -> None:
    forms = [postgres.PASSWORD, quote(postgres.PASSWORD), quote(postgres.PASSWORD, safe=""), "s3cret"]
    texts = [path for path in course.rglob("*") if path.is_file() and path.suffix not in (".pyc", ".png")]
    assert len(texts) > 20
    found = [path for path in texts for form in forms if form.encode() in path.read_bytes()]
    assert found == []


def test_two_machines_do_not_write_at_a_time(server: postgres.Server) -> None:
    address = gradebook.patient(server.url())
    assert "connect_timeout=10" in address
    with (
        gradebook.only_writer(address, NAME),
        gradebook.only_writer(address, "rnn"),
        pytest.raises(
            gradebook.GradebookError, match="gan is being graded from another machine into the same gradebook"
        ),
        gradebook.only_writer(address, NAME),
    ):
        pass
    with gradebook.only_writer(address, NAME):
        pass


ADDRESSES = {
    "geheim": "the address of the gradebook cannot be read; expected an address like postgresql",
    "postgresql+psycopg://u:geheim@h:port/x": "the address of the gradebook cannot be read; expected",
    "postgresql+psycopg2://u:geheim@h/x": "a driver is not installed: No module named 'psycopg2'",
    "nosql://u:geheim@h/x": "there is no such database: nosql://",
    "postgresql+psycopg://u:geheim@127.0.0.1:1/x": "refuses: .*Connection refused",
    "postgresql+psycopg://u@127.0.0.1:1/x?password=geheim": "refuses: .*Connection refused",
    "postgresql+psycopg://u:geheim@/x?geheim=1": r"refuses: invalid connection option \"\*\*\*\"",
    "sqlite:////no/such/folder/gradebook.db": "refuses: unable to open database file",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_bad_address_is_told_without_its_password(address: str) -> None:
    with (
        pytest.raises(gradebook.GradebookError, match=ADDRESSES[address]) as caught,
        gradebook.opened(address),
    ):
        pass
    assert "geheim" not in str(caught.value)


def test_a_wrong_password_and_a_wrong_name(server: postgres.Server) -> None:
    for address, told in {
        server.url(password="geheim"): 'password authentication failed for user "teacher"',
        server.url(database="grades"): 'database "grades" does not exist',
    }.items():
        with pytest.raises(gradebook.GradebookError, match=told) as caught, gradebook.opened(address):
            pass
        assert "geheim" not in str(caught.value)
        assert postgres.PASSWORD not in str(caught.value)


def test_a_log_does_not_tell_the_password(caplog: pytest.LogCaptureFixture, server: postgres.Server) -> None:
    log = logging.getLogger("test-discreet")
    log.addFilter(gradebook.Discreet(server.url()))
    try:
        raise ValueError(f"cannot open {server.url()}")
    except ValueError:
        log.exception("with %s", postgres.PASSWORD)
    assert "Traceback" in caplog.text
    assert "***" in caplog.text
    assert "s3cret" not in caplog.text
