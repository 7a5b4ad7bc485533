"""The pages around the chapters: what they link to exists, what they cite is listed, what they show is described."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
import torch
from nbformat.v4 import new_markdown_cell, new_notebook
from PIL import Image
from pybtex.database import parse_file

from coursekit import data, run
from tools import contract, cover, notebooks
from tools.repository import ROOT

BOOK = ROOT / "book"
PAGES = ["index", "notation", "data", "results", "references"]
LINK = re.compile(r"!?\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")


def as_notebook(name: str):
    """A page as a notebook with one cell, without the alt texts: they are read aloud in one go."""
    text = (BOOK / f"{name}.md").read_text(encoding="utf-8")
    return new_notebook(cells=[new_markdown_cell(re.sub(r"!\[[^\]]*\]", "![]", text))])


@pytest.mark.parametrize("name", PAGES)
def test_prose_is_one_sentence_a_line_without_exclamations(name: str) -> None:
    page = as_notebook(name)
    if name == "results":  # the generated part is not prose
        page.cells[0].source = page.cells[0].source.split("<!-- Generated")[0]
    found = [*contract.one_sentence_a_line(page), *contract.no_exclamations(page), *contract.equations_plain(page)]
    assert [str(problem) for problem in found] == []


@pytest.mark.parametrize("path", [*(f"book/{name}.md" for name in PAGES), "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_within_the_repository_resolve(path: str) -> None:
    page = ROOT / path
    missing = []
    for match in LINK.finditer(page.read_text(encoding="utf-8")):
        target = match["target"].split("#")[0]
        if target and "://" not in target and not (page.parent / target).exists():
            missing.append(match["target"])
    assert missing == []


@pytest.mark.parametrize("name", PAGES)
def test_pictures_have_alt_texts(name: str) -> None:
    text = (BOOK / f"{name}.md").read_text(encoding="utf-8")
    assert "<img" not in text
    for match in LINK.finditer(text):
        if match[0].startswith("!"):
            assert len(match["text"]) > 100, match[0]


def test_cover_is_small_and_wide_enough() -> None:
    assert cover.PICTURE.stat().st_size <= cover.MOST_BYTES
    with Image.open(cover.PICTURE) as picture:
        assert picture.format == "WEBP"
        assert picture.width >= 900


def test_cover_can_be_drawn_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "cover.webp"
    assert cover.main(["--steps", "75", "--out", str(out)]) == 0
    with Image.open(out) as picture, Image.open(cover.PICTURE) as committed:
        assert picture.size == committed.size
    assert "step 75: " in capsys.readouterr().out
    assert cover.main(["--steps", "1", "--out", str(out)]) == 2
    assert "expected increasing numbers of steps" in capsys.readouterr().err


def test_index_lists_the_chapters_that_exist_and_no_other() -> None:
    text = (BOOK / "index.md").read_text(encoding="utf-8")
    targets = {match["target"] for match in LINK.finditer(text)}
    linked = {target for target in targets if target.endswith(".ipynb") and "://" not in target}
    exist = {path.relative_to(BOOK).as_posix() for path in notebooks.chapters()}
    assert linked - {"prerequisites.ipynb"} == exist


def test_every_reference_can_be_followed() -> None:
    entries = parse_file(BOOK / "references.bib").entries
    assert len(entries) >= 25
    for key, entry in entries.items():
        fields = entry.fields
        assert fields.get("title"), key
        assert entry.persons.get("author"), key
        address = fields.get("url") or (f"https://doi.org/{fields['doi']}" if "doi" in fields else "")
        # Slides that are on no stable address say what they are instead.
        assert re.fullmatch(r"https://\S+", address) or "slides" in fields.get("note", ""), key
        if "arxiv.org" in address:
            assert re.fullmatch(r"https://arxiv\.org/abs/\d{4}\.\d{4,5}", address), key


def test_no_two_references_are_one_work() -> None:
    entries = parse_file(BOOK / "references.bib").entries
    titles = [re.sub(r"\W", "", entry.fields["title"]).lower() for entry in entries.values()]
    assert len(set(titles)) == len(titles)


def test_citations_of_the_front_matter_are_listed() -> None:
    works = contract.bibliography()
    for name in PAGES:
        assert [str(problem) for problem in contract.citations_listed(as_notebook(name), works)] == []


def test_page_of_data_names_every_function_of_the_kit() -> None:
    text = (BOOK / "data.md").read_text(encoding="utf-8")
    missing = [name for name in data.__all__ if f"data.{name}" not in text]
    assert missing == []


def test_page_of_data_states_shapes_and_ranges_that_are_true() -> None:
    text = (BOOK / "data.md").read_text(encoding="utf-8")
    images, labels = data.digits()
    assert images.shape == (1797, 1, 8, 8)
    assert "images `(1797, 1, 8, 8)`, float32; labels `(1797,)`, int64" in text
    assert (images.dtype, labels.dtype) == (torch.float32, torch.int64)
    assert (images.min(), images.max()) == (0, 1)
    points = data.ring(200_000, generator=run.seed(0))
    near = torch.cdist(points, data.ring_centres()).amin(dim=1) < 3 * 0.1
    assert near.double().mean().item() == pytest.approx(0.989, abs=1e-3)
    assert "98.9 %" in text
    assert f"{len(data.FONTS)} of the faces" in text
    facts = data.dated_facts(2000, generator=run.seed(0))
    ways = itertools.product(data.LANGUAGES, range(data.PHRASINGS))
    said = [sentence for language, way in ways for sentence in data.dated_sentences(facts, language, phrasing=way)]
    words = {len(sentence.split()) for sentence in said}
    assert f"{min(words)} to {max(words)} words a sentence" in text


def test_page_of_data_is_right_about_the_planned_sources() -> None:
    from pydoc_data.topics import topics

    from sklearn.datasets import load_sample_images

    photographs = load_sample_images().images
    assert [picture.shape for picture in photographs] == [(427, 640, 3)] * 2
    assert 0.3e6 < sum(map(len, topics.values())) < 0.9e6
