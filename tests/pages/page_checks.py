"""What is asked of a page, as functions that return the list of what is wrong with it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from bs4 import BeautifulSoup
from tagged_equations import NAME, anchor

AXE = Path(__file__).resolve().parent.parent.parent / "node_modules" / "axe-core" / "axe.min.js"
# Findings that cannot be mended from here: (rule, selector, reason).
ACCEPTED: list[tuple[str, str, str]] = []

# The text that an author wrote: not code, not formulas, not what cells show.
PROSE = """() => {
  const article = document.querySelector("article") || document.body;
  const skip = "pre, code, script, style, mjx-container, .math, .cell_output, .report-mistake";
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!parent.closest(skip) && node.data.trim()) {
      found.push({text: node.data, linked: !!parent.closest("a"), folds: !!parent.closest("summary")});
    }
  }
  return found;
}"""

FORMULAS = """() => {
  const wrong = [];
  for (const box of document.querySelectorAll("span.math, div.math")) {
    if (!box.querySelector("mjx-container")) wrong.push("not typeset: " + box.textContent.slice(0, 80));
  }
  for (const error of document.querySelectorAll("mjx-merror, [data-mjx-error]")) {
    wrong.push("error in " + (error.getAttribute("data-mjx-error") || error.textContent));
  }
  return wrong;
}"""

PICTURES = """() => [...document.images].map((image) => ({
  alt: image.getAttribute("alt"), source: image.currentSrc.slice(0, 80),
  broken: image.complete && image.naturalWidth === 0, decorates: !!image.closest("[aria-hidden=true]"),
}))"""

# Wider than the window, or cut off at the left where no scrolling leads.
TOO_WIDE = """() => {
  const wrong = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) wrong.push(`the page is ${root.scrollWidth} px wide in ${innerWidth} px`);
  const article = document.querySelector("article") || document.body;
  for (const box of article.querySelectorAll("mjx-container, table, pre, img, .widget-subarea")) {
    const seen = box.getBoundingClientRect();
    if (!seen.width || box.closest("mjx-assistive-mml")) continue;
    let scroller = box;
    while (scroller && !/auto|scroll/.test(getComputedStyle(scroller).overflowX)) scroller = scroller.parentElement;
    const left = scroller ? scroller.getBoundingClientRect().left - scroller.scrollLeft : 0;
    const what = `${box.tagName.toLowerCase()} ${box.textContent.trim().slice(0, 40)}`;
    if (seen.left < left - 1.5) wrong.push(`${what}: its left end is cut off`);
    if (!scroller && seen.right > innerWidth + 1) wrong.push(`${what}: reaches beyond the window`);
    if (scroller && scroller !== root && scroller.scrollWidth > scroller.clientWidth + 1 && scroller.tabIndex < 0) {
      wrong.push(`${what}: scrolls, but not by keyboard`);
    }
  }
  return wrong;
}"""

# The glyphs of formulas are made by style sheets, where axe-core does not look.
FORMULA_CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const wrong = [];
  for (const formula of document.querySelectorAll("mjx-container")) {
    if (!formula.getBoundingClientRect().width) continue;
    const [a, b] = [light(parse(getComputedStyle(formula).color)), light(ground(formula))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) wrong.push(`formula with contrast ${ratio.toFixed(2)}: ${formula.textContent.slice(0, 60)}`);
  }
  return wrong;
}"""

GROUND = "() => getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number)"

RUN_AXE = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.filter((rule) => ["serious", "critical"].includes(rule.impact)).flatMap((rule) =>
    rule.nodes.map((node) => ({rule: rule.id, target: node.target.flat().join(" "), help: rule.help,
      html: node.html.slice(0, 160), why: node.failureSummary})));
}"""

# The picture that a slider shows now: of a stack's frames, the one that is visible.
SHOWN = """(handle) => {
  const area = handle.closest(".widget-subarea");
  const shown = [...area.querySelectorAll("img")].filter((image) => image.getBoundingClientRect().width > 0);
  return shown.map((image) => image.alt + " " + image.src.length + image.src.slice(-200));
}"""


def raw_markup(page: object) -> list[str]:
    """Dollar signs, TeX and directives left in the text."""
    marks = re.compile(r"\$|\\\(|\\\[|\\tag|\\begin|\\frac|^:::|\{(?:ref|eq|cite|doc|math|numref)\}`", re.MULTILINE)
    return [piece["text"].strip() for piece in page.evaluate(PROSE) if marks.search(piece["text"])]


def unlinked_names(page: object) -> list[str]:
    """Names of equations in round brackets that are no links."""
    in_brackets = re.compile(r"\([^()]*" + NAME.pattern + r"[^()]*\)")
    return [
        piece["text"].strip()
        for piece in page.evaluate(PROSE)
        if not piece["linked"] and not piece["folds"] and in_brackets.search(piece["text"])
    ]


def pictures(page: object) -> list[str]:
    """Pictures that are broken, or that have no words for who cannot see them."""
    wrong = []
    for image in page.evaluate(PICTURES):
        alt = (image["alt"] or "").strip()
        if image["broken"]:
            wrong.append(f"broken: {image['source']}")
        elif not image["decorates"] and (not alt or re.search(r"_images/|\.(png|webp|svg|jpe?g)$|^[0-9a-f]{16,}", alt)):
            wrong.append(f"alt text {image['alt']!r}: {image['source']}")
    return wrong


def axe(page: object) -> list[str]:
    """What axe-core finds serious or critical, less what is accepted above."""
    if not page.evaluate("() => !!window.axe"):
        page.evaluate(AXE.read_text(encoding="utf8"))
    matches = "([target, selector]) => !!document.querySelector(target)?.matches(selector)"
    return [
        f"{found['rule']} at {found['target']}: {found['html']} ({found['why']})"
        for found in page.evaluate(RUN_AXE)
        if not any(
            found["rule"] == rule and page.evaluate(matches, [found["target"], selector])
            for rule, selector, _ in ACCEPTED
        )
    ]


@cache
def parsed(path: Path) -> BeautifulSoup:
    """A built page, parsed."""
    return BeautifulSoup(path.read_text(encoding="utf8"), "html.parser")


@cache
def ids(path: Path) -> frozenset[str]:
    """The ids of a built page."""
    return frozenset(str(element["id"]) for element in parsed(path).find_all(id=True))


def dead_links(folder: Path, path: Path) -> list[str]:
    """Links of a built page that lead to no file, or to no anchor in it."""
    wrong = []
    for link in parsed(path).find_all("a", href=True):
        href, fragment = urldefrag(str(link["href"]))
        if urlsplit(href).scheme or href.startswith("//"):
            continue
        target = (path.parent / unquote(href)).resolve() if href else path
        if not target.is_file() or not target.is_relative_to(folder.resolve()):
            wrong.append(f"{link['href']}: no such file")
        elif fragment and target.suffix == ".html" and unquote(fragment) not in ids(target):
            wrong.append(f"{link['href']}: no such place in the page")
    return wrong


def has_tag(block: object, name: str) -> bool:
    """Whether a display has this tag: in its MathML, or in its TeX where the browser is to typeset it."""
    labels = [label.get_text() for label in block.select("mjx-assistive-mml mtext")]
    return f"({name})" in labels or f"\\tag{{{name}}}" in block.get_text()


def wrong_equation_links(path: Path) -> list[str]:
    """Links on names of equations whose target is not the equation with that tag."""
    wrong = []
    for marked in parsed(path).select("article .equation-link"):
        link = marked if marked.name == "a" else marked.find_parent("a")
        name = marked.get_text().strip("()")
        if link is None:
            wrong.append(f"{name}: no link")
            continue
        href, fragment = urldefrag(str(link["href"]))
        target = (path.parent / unquote(href)).resolve() if href else path
        equation = parsed(target).find(id=fragment)
        block = equation if equation is None or equation.name == "div" else equation.find_parent("div")
        if fragment != anchor(name) or block is None or not has_tag(block, name):
            wrong.append(f"{name}: leads to {link['href']}")
    return wrong
