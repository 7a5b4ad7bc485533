"""A PostgreSQL server of its own for a test: in a temporary folder, reached by a Unix socket alone, gone at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

INSTALL = (
    "the tests of a gradebook in PostgreSQL start a server of their own, and initdb and postgres were not found: "
    "install one (Debian and Ubuntu: apt-get install postgresql)"
)
UID = 1_500_000_001  # belongs to nobody; PostgreSQL refuses to run as root
PASSWORD = "sp%ät/@:s3cret"  # what a URL has to quote, and what a configuration file would expand


def programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, the newest there is; Debian keeps them off the PATH."""
    found = [Path(path) for path in [shutil.which("initdb")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: -float(path.parts[-3]))
    return next((path.parent for path in found if (path.parent / "postgres").exists()), None)


@dataclass(frozen=True)
class Server:
    """A running server: its socket's folder, and the owner's password."""

    folder: Path

    def url(self, user: str = "teacher", password: str = PASSWORD, database: str = "gradebook") -> str:
        """The address of a database, as SQLAlchemy takes it."""
        return f"postgresql+psycopg://{user}:{quote(password, safe='')}@/{database}?host={self.folder}"

    def run(self, *commands: str, database: str = "postgres") -> None:
        """Run SQL as the administrator."""
        with psycopg.connect(self._where("admin", database), autocommit=True) as connection:
            for command in commands:
                connection.execute(command)

    def _where(self, user: str, database: str) -> str:
        return psycopg.conninfo.make_conninfo(host=str(self.folder), user=user, password=PASSWORD, dbname=database)


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Start a server with a database ``gradebook`` that a role ``teacher`` owns, with a password; and end it."""
    where = programs()
    assert where is not None, INSTALL
    root = Path(tempfile.mkdtemp(prefix="pg-"))  # short: the path of a socket has 107 characters at most
    process = None
    try:
        secret, accounts = root / "password", root / "passwd"
        secret.write_text(PASSWORD, encoding="utf-8")
        accounts.write_text(f"root:x:0:0::/root:/bin/sh\ncoursekit:x:{UID}:{UID}::{root}:/bin/sh\n", encoding="utf-8")
        user = _as_nobody(root, accounts)
        data = ["-D", str(root / "data")]
        settings = ["--username=admin", "--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--no-sync"]
        made = subprocess.run(
            [*user, str(where / "initdb"), *data, *settings], capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stdout + made.stderr
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={root}", "-c", "fsync=off"]
        with (root / "log").open("wb") as log:
            process = subprocess.Popen([*user, str(where / "postgres"), *data, *options], stdout=log, stderr=log)
        running = Server(root)
        _wait_for(running, process)
        running.run(
            "CREATE ROLE teacher LOGIN PASSWORD " + _literal(PASSWORD), "CREATE DATABASE gradebook OWNER teacher"
        )
        yield running
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # it ends without waiting for who is still connected
            process.wait(30)
        shutil.rmtree(root, ignore_errors=True)


def _as_nobody(root: Path, accounts: Path) -> list[str]:
    """What makes a command run as a user without rights; empty for who has none.

    An id alone is not enough, since PostgreSQL asks for its name: the command sees an ``/etc/passwd`` of its own.
    """
    if os.geteuid() != 0:
        return []
    for path in (root, root / "password"):
        os.chown(path, UID, UID)
    box = ["bwrap", "--die-with-parent", "--unshare-pid", "--dev-bind", "/", "/", "--proc", "/proc"]
    return [
        *box,
        "--ro-bind",
        str(accounts),
        "/etc/passwd",
        "--",
        "setpriv",
        f"--reuid={UID}",
        f"--regid={UID}",
        "--clear-groups",
    ]


def _wait_for(running: Server, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(psycopg.OperationalError):
            return running.run("SELECT 1")
        log = (running.folder / "log").read_text(encoding="utf-8", errors="replace")
        assert process.poll() is None, f"PostgreSQL did not start: {log}"
        assert time.monotonic() < deadline, f"PostgreSQL does not answer: {log}"
        time.sleep(0.05)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
