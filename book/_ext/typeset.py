r"""Typeset the formulas when the pages are built, so that a page stands as soon as it is there.

MathJax needs two seconds in a reader's browser for a long chapter.
Here it runs once, in Node.js, which came with npm, and the pages hold its result: text in MathJax's fonts, and MathML
for screen readers. They load its style sheet and fonts, no script.

Where `offline_assets` found no npm packages or no `node`, the pages keep the formulas as TeX, and MathJax typesets them
in the browser, as it does in other books.

A formula that MathJax cannot read is a warning, hence an error under `-W`.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import offline_assets
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

RENDERER = "typeset"
STYLE = f"{offline_assets.MATHJAX.folder}/chtml.css"
CLASSES = "math notranslate nohighlight"
# The ways in which a formula that brings its own delimiters may be enclosed.
ENCLOSED = re.compile(r"\s*(?:\\\[(?P<a>.*)\\\]|\$\$(?P<b>.*)\$\$|\$(?P<c>.*)\$)\s*", re.DOTALL)


class Typesetter:
    """A Node.js process that turns TeX into HTML; it starts when it is first asked, and remembers what it was asked."""

    def __init__(self, node: str, mathjax: Path, scale: float) -> None:
        script = Path(__file__).with_name("typeset.cjs")
        self.command = [node, str(script), str(mathjax.resolve()), str(scale)]
        self.process: subprocess.Popen[str] | None = None
        self.known: dict[str, dict[str, str]] = {}

    def ask(self, line: str) -> dict[str, str]:
        """The answer to a line, as `typeset.cjs` describes it."""
        if line not in self.known:
            if self.process is None:
                self.process = subprocess.Popen(
                    self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf8"
                )
            try:
                self.process.stdin.write(line + "\n")
                self.process.stdin.flush()
                answer = self.process.stdout.readline()
            except OSError:
                answer = ""
            if not answer:
                raise ExtensionError(f"expected Node.js to typeset formulas, got no answer from {self.command[:2]}")
            self.known[line] = json.loads(answer)
        return self.known[line]

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
            self.process.wait()
            self.process.stdout.close()
            self.process = None


def displays(tex: str, nowrap: bool) -> Iterator[str]:
    r"""The formulas of a display: TeX without delimiters.

    As in Sphinx, a blank line separates formulas, and `\\` breaks lines without an environment around them; both only
    where the source does not bring delimiters of its own (`nowrap`).
    """
    if nowrap:
        match = ENCLOSED.fullmatch(tex)
        yield next(part for part in (*match.groups(), "") if part is not None) if match else tex
        return
    for part in re.split(r"\n\s*\n", tex.strip()):
        yield rf"\begin{{split}}{part}\end{{split}}" if r"\\" in part else part


def typeset(translator: Any, node: nodes.Node, tex: str, display: bool) -> str:
    """The HTML of a formula; where MathJax cannot read it, its source, and a warning."""
    answer = translator.builder.app.book_typesetter.ask(json.dumps({"tex": tex, "display": display}))
    if "html" in answer:
        return answer["html"]
    logger.warning("MathJax cannot read this formula: %s: %s", answer["error"], tex.strip(), location=node)
    return translator.encode(tex)


def visit_math(translator: Any, node: nodes.math) -> None:
    translator.body.append(translator.starttag(node, "span", "", CLASS=CLASSES))
    translator.body.append(typeset(translator, node, node.astext(), display=False) + "</span>")
    raise nodes.SkipNode


def visit_math_block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(translator.starttag(node, "div", CLASS=CLASSES))
    if node.get("number"):
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Permalink to this equation")
        translator.body.append("</span>")
    for tex in displays(node.astext(), node.get("nowrap", node.get("no-wrap", False))):
        translator.body.append(typeset(translator, node, tex, display=True))
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def choose_renderer(app: Sphinx, config: Config) -> None:
    """Typeset here where there is something to typeset with; else leave it to the browser."""
    node = offline_assets.find_node()
    config.html_math_renderer = RENDERER if config.book_offline and node else "mathjax"
    if config.book_offline and node:
        mathjax = Path(app.confdir) / config.book_node_modules / offline_assets.MATHJAX.name
        scale = (config.mathjax3_config or {}).get("chtml", {}).get("scale", 1)
        app.book_typesetter = Typesetter(node, mathjax, scale)


def write_style(app: Sphinx) -> None:
    """Write MathJax's style sheet beside its fonts, before the pages that name it."""
    if app.config.html_math_renderer == RENDERER and app.builder.format == "html":
        target = Path(app.outdir) / "_static" / STYLE
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(app.book_typesetter.ask("")["css"], encoding="utf8")
        app.add_css_file(STYLE)


def finish(app: Sphinx, exception: Exception | None) -> None:
    if app.config.html_math_renderer == RENDERER:
        app.book_typesetter.close()


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_html_math_renderer(RENDERER, (visit_math, None), (visit_math_block, None))
    # After `offline_assets` has looked for the packages, and has copied them.
    app.connect("config-inited", choose_renderer, priority=600)
    app.connect("builder-inited", write_style, priority=600)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
