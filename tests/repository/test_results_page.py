"""The page of results says what the JSON files say, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from tools import results_page
from tools.results_page import BEGIN, END, render_results_page


def claim(sentence: str, kind: str, value: float, threshold: object, *, holds: bool, unit: str = "") -> dict:
    keys = ("sentence", "kind", "value", "threshold", "learned", "holds", "unit")
    return dict(zip(keys, (sentence, kind, value, threshold, True, holds, unit), strict=True))


REPORT = {
    "chapter": "toy",
    "seeds": [0, 1, 2],
    "scale": "cpu",
    "device": "cpu, 2 threads",
    "versions": {"python": "3.11.9", "torch": "2.13.0"},
    "claims": [
        claim("modes, worst seed", "at least", 7.0, 7, holds=True),
        claim("D | x", "between", -0.25, [0.4, 0.6], holds=False, unit="nats"),
    ],
    "records": [
        {"name": "share", "unit": "%", "values": [90.0, 92.0, 94.0]},
        {"name": "gap", "unit": "", "values": [None, 2.0], "seeds": [4, 6]},
        {"name": "time", "unit": "s", "values": [1.0, 1.1, 1.25], "seeds": [0, 1, 2]},
    ],
    "seconds": 41.237,
    "code_sha256": "0" * 64,
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "book" / "results").mkdir(parents=True)
    (tmp_path / "book" / "part").mkdir()
    (tmp_path / "book" / "results.md").write_text(f"# Results\n\nProse.\n\n{BEGIN}\nold\n{END}\n\nMore prose.\n")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A toy\n\nText.")])
    nbformat.write(notebook, tmp_path / "book" / "part" / "toy.ipynb")
    return tmp_path


def put(tree: Path, **changes: object) -> Path:
    report = REPORT | changes
    path = tree / "book" / "results" / f"{report['chapter']}.{report['scale']}.json"
    path.write_text(json.dumps(report))
    return path


def test_page_of_one_chapter(tree: Path) -> None:
    put(tree)
    page = render_results_page(tree)
    assert page.startswith(f"# Results\n\nProse.\n\n{BEGIN}\n\n## A toy\n\nChapter [`toy`](part/toy.ipynb).\n")
    assert page.endswith(f"{END}\n\nMore prose.\n")
    assert "| modes, worst seed | ≥ 7 | 7 |  |" in page
    assert "| D \\| x | 0.4 to 0.6 nats | −0.25 nats, **does not hold** |  |" in page
    assert "| share | 92 ± 2% (90 to 94) |  |" in page
    assert "| gap | 2, 1 not finite, seeds 4, 6 |  |" in page
    assert "| time | 1.117 ± 0.13 s (1 to 1.25) |  |" in page
    assert "Not measured on GPU: that column is empty." in page
    assert (
        "- CPU: seeds 0 to 2; 41.24 seconds for the whole notebook on cpu, 2 threads; python 3.11.9, torch 2.13.0."
        in page
    )


def test_both_scales_stand_side_by_side(tree: Path) -> None:
    put(tree)
    claims = [REPORT["claims"][0] | {"value": 8.0, "threshold": 8}]
    put(tree, scale="gpu", seeds=[3, 5], claims=claims, records=[{"name": "share", "unit": "%", "values": [99.0]}])
    page = render_results_page(tree)
    assert "| modes, worst seed | ≥ 7 / ≥ 8 | 7 | 8 |" in page
    assert "| share | 92 ± 2% (90 to 94) | 99% |" in page
    assert "- GPU: seeds 3, 5;" in page
    assert "Not measured" not in page


def test_no_report_no_table(tree: Path) -> None:
    assert results_page.NOTHING_YET in render_results_page(tree)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("toy.cpu.json", "{", "expected JSON in toy.cpu.json"),
        ("toy.cpu.json", "{}", "expected the keys chapter, claims, code_sha256"),
        ("other.cpu.json", json.dumps(REPORT), "expected toy.cpu.json by its content, got other.cpu.json"),
    ],
)
def test_bad_reports_are_refused(tree: Path, name: str, text: str, message: str) -> None:
    (tree / "book" / "results" / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        render_results_page(tree)


def test_lost_marks_are_refused(tree: Path) -> None:
    (tree / "book" / "results.md").write_text("# Results\n")
    with pytest.raises(ValueError, match="expected the marks"):
        render_results_page(tree)


def test_command_line(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = ["--root", str(tree)]
    put(tree)
    assert results_page.main([*root, "--check"]) == 1
    assert results_page.main(root) == 0
    assert results_page.main([*root, "--check"]) == 0
    (tree / "book" / "results.md").unlink()
    assert results_page.main(root) == 2
    assert "expected the page book/results.md, found none" in capsys.readouterr().err


def test_the_book_is_in_step() -> None:
    page = (results_page.ROOT / "book" / "results.md").read_text(encoding="utf-8")
    assert render_results_page() == page, "run python -m tools.results_page"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.12345, 4, "0.1235"),
        (-0.25, 2, "−0.25"),
        (130.4, 2, "130"),
        (158_912.3, 4, "158,900"),
        (0.00001234, 2, "1.2e−05"),
        (4.1e12, 2, "4.1e+12"),
        (None, 4, "not finite"),
        (float("inf"), 4, "not finite"),
    ],
)
def test_numbers_are_rounded_and_have_no_exponent_that_a_reader_must_undo(
    value: float | None, digits: int, text: str
) -> None:
    assert results_page.number(value, digits=digits) == text
