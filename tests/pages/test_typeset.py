"""Formulas are typeset when the pages are built; where that cannot be, the browser does it."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_book
from bs4 import BeautifulSoup
from typeset import STYLE, displays


@pytest.mark.parametrize(
    ("source", "nowrap", "expected"),
    [
        ("a = b", False, ["a = b"]),
        ("a = b\n\nc = d", False, ["a = b", "c = d"]),
        (r"a &= b \\ c &= d", False, [r"\begin{split}a &= b \\ c &= d\end{split}"]),
        (r"\[a \tag{GAN.1}\]", True, [r"a \tag{GAN.1}"]),
        (r"$\displaystyle x^2$", True, [r"\displaystyle x^2"]),
        ("$$x^2$$", True, ["x^2"]),
        (r"\begin{align}a &= b\end{align}", True, [r"\begin{align}a &= b\end{align}"]),
    ],
)
def test_displays(source: str, nowrap: bool, expected: list[str]) -> None:
    assert list(displays(source, nowrap)) == expected


@pytest.mark.usefixtures("npm_packages")
def test_pages_need_no_script_for_formulas(tmp_path: Path) -> None:
    """Every formula is there as text and as MathML, and the style sheet that it needs lies beside its fonts."""
    folder = small_book.write(tmp_path)
    done = small_book.build(folder)
    assert done.returncode == 0, done.stdout
    html = folder / "_build" / "html"
    page = BeautifulSoup((html / "everything.html").read_text(encoding="utf8"), "html.parser")
    formulas = page.select("span.math, div.math")
    assert formulas
    for formula in formulas:
        assert formula.select_one("mjx-container mjx-assistive-mml math"), formula
    assert not [script["src"] for script in page.select("script[src]") if "mathjax" in script["src"].lower()]
    style = html / "_static" / STYLE
    assert page.select(f'link[href*="{STYLE}"]')
    fonts = {part.split('"')[0] for part in style.read_text(encoding="utf8").split('url("')[1:]}
    assert fonts
    assert [font for font in fonts if not (style.parent / font).is_file()] == []


@pytest.mark.usefixtures("npm_packages")
def test_a_formula_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    folder = small_book.write(tmp_path)
    page = folder / "index.md"
    page.write_text(page.read_text(encoding="utf8") + "\nHere $\\frac{1}{2$ is cut off.\n", encoding="utf8")
    done = small_book.build(folder)
    assert done.returncode != 0
    assert "MathJax cannot read this formula" in done.stdout
