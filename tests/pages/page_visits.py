"""A browser with no way out, and pages on a local address."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tools import serve

ROOT = Path(__file__).resolve().parent.parent.parent
# For Chromium as root in a container, and to keep it silent: it would look for updates and for its maker's hosts.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def find_chromium() -> str | None:
    """The browser to use: the one named by CHROMIUM, else the first of the usual names on the PATH."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next((found for name in names if name and (found := shutil.which(name))), None)


@dataclass
class Site:
    """A folder of pages on a local address."""

    folder: Path
    address: str


def serve_folder(folder: Path) -> Iterator[Site]:
    """Serve a folder as `make serve` does, on a port that the system picks, for as long as the generator lives."""
    server = serve.serve(folder, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(folder, f"http://{serve.HOST}:{server.server_port}/")
    server.shutdown()
    server.server_close()


@dataclass
class Visit:
    """A page open in the browser, and everything that went wrong or out while it loaded."""

    name: str
    page: object
    address: str
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


SETTLED = """async () => {
  if (document.readyState !== "complete") await new Promise((done) => addEventListener("load", done));
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  const views = 'script[type="application/vnd.jupyter.widget-view+json"]';
  while (document.querySelectorAll(".widget-subarea").length < document.querySelectorAll(views).length) {
    await new Promise((done) => setTimeout(done, 20));
  }
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


# Pages of the book say when their script has been through them.
MENDED = """() => !document.querySelector('script[src*="book.js"]') || "mended" in document.documentElement.dataset"""


def visit(browser: object, address: str, name: str, **settings: object) -> Visit:
    """Open an address with the network off and wait until formulas and widgets stand."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
    page = context.new_page()
    seen = Visit(name, page, address)
    home = address.split("/", 3)[:3] if address.startswith("http") else None

    def route(request_route: object) -> None:
        url = request_route.request.url
        local = url.startswith("data:") or (url.startswith("file:") if home is None else url.split("/", 3)[:3] == home)
        if local:
            request_route.continue_()
        else:
            seen.outside.append(url)
            request_route.abort()

    page.route("**/*", route)
    page.on("console", lambda message: seen.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("requestfailed", lambda request: seen.missing.append(request.url))
    page.on("response", lambda answer: seen.missing.append(answer.url) if answer.status >= 400 else None)
    page.goto(address)
    page.evaluate(SETTLED)
    page.wait_for_function(MENDED)
    # Colours that fade over would be measured half way on a busy machine.
    page.add_style_tag(content="*, *::before, *::after { transition: none !important; animation: none !important; }")
    return seen
