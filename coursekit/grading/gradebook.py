"""nbgrader's gradebook, by the address of its database: SQLite in the course, or PostgreSQL for several machines.

An address may hold a password. Nothing that is said, logged or written from here shows it.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

CONNECT_SECONDS = 10
EXPECTED = "expected an address like postgresql+psycopg://teacher@db.example.org/gradebook or sqlite:///gradebook.db"
SECRET = ("password", "sslpassword", "oauth_client_secret")  # what a query may hold


class GradebookError(RuntimeError):
    """The gradebook cannot be used, in words for the teacher, without a password."""


def parsed(address: str) -> URL:
    """The parts of an address.

    Raises:
        GradebookError: if it is none; it is not repeated then, since a part of it may be a password.
    """
    try:
        url = make_url(address)
        url.get_dialect()
    except NoSuchModuleError as error:
        raise GradebookError(f"{EXPECTED}; there is no such database: {_scheme(address)}://") from error
    except ImportError as error:
        raise GradebookError(f"{EXPECTED}; {_scheme(address)}:// needs what is not here: {error}") from None
    except (ArgumentError, ValueError):
        raise GradebookError(f"the address of the gradebook cannot be read; {EXPECTED}") from None
    return url


def patient(address: str) -> str:
    """The address, with an end to waiting for a server that does not answer."""
    if not address.startswith("postgres"):
        return address
    url = parsed(address)
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": str(CONNECT_SECONDS)})
    return url.render_as_string(hide_password=False)


def without_secrets(said: str, address: str) -> str:
    """A text without the password of an address, however it is written there."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        return said.replace(address, "(the address of the gradebook)")
    values = [url.password, *(url.query.get(name) for name in SECRET)]
    secrets = [str(value) for value in values if value]
    written = {form for s in secrets for form in (s, quote(s), quote(s, safe=""), quote_plus(s), repr(s)[1:-1])}
    for form in sorted(written, key=len, reverse=True):
        said = said.replace(form, "***")
    return said


class Discreet(logging.Filter):
    """Keeps the password of an address out of a log, tracebacks included."""

    def __init__(self, address: str):
        super().__init__()
        self._address = address

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if record.exc_info:
            said += "\n" + logging.Formatter().formatException(record.exc_info)
        record.msg, record.args, record.exc_info, record.exc_text = without_secrets(said, self._address), (), None, None
        return True


class Causes(logging.Handler):
    """Remembers what nbgrader's log tells of an error and its own exception does not: the last traceback's message."""

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        _, traceback, lines = record.getMessage().rpartition('\n  File "')
        if traceback:
            self.last = next((line for line in lines.splitlines() if re.match(r"[A-Za-z_][\w.]*: ", line)), self.last)


def _scheme(address: str) -> str:
    return address.split(":", 1)[0]


@contextlib.contextmanager
def opened(address: str) -> Iterator[Any]:
    """The gradebook at an address.

    Raises:
        GradebookError: if the database cannot be reached, or refuses.
    """
    from nbgrader.api import Gradebook

    parsed(address)
    try:
        with Gradebook(address) as gradebook:
            yield gradebook
    except ImportError as error:
        raise GradebookError(f"{EXPECTED}; a driver is not installed: {error}") from None
    except SQLAlchemyError as error:
        raise GradebookError(_refused(address, error)) from None


def _refused(address: str, error: SQLAlchemyError) -> str:
    url = parsed(address)
    shown = url.set(query={}).render_as_string(hide_password=True)
    why = str(getattr(error, "orig", None) or error).strip().splitlines()
    return without_secrets(f"the gradebook at {shown} refuses: {' '.join(line.strip() for line in why[:2])}", address)


@contextlib.contextmanager
def only_writer(address: str, name: str) -> Iterator[None]:
    """Refuse to write an assignment that somebody writes from another machine. In SQLite nobody can.

    Raises:
        GradebookError: if somebody does.
    """
    if parsed(address).get_backend_name() != "postgresql":
        yield
        return
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with contextlib.ExitStack() as stack:
        stack.callback(engine.dispose)
        try:
            connection = stack.enter_context(engine.connect())
            key = {"key": f"coursekit {name}"}
            free = connection.execute(text("SELECT pg_try_advisory_lock(hashtext(:key))"), key).scalar()
        except SQLAlchemyError as error:
            raise GradebookError(_refused(address, error)) from None
        if not free:
            raise GradebookError(
                f"{name} is being graded from another machine into the same gradebook; wait for its end"
            )
        yield
