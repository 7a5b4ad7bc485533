"""Grading on a Dask cluster that is there already: ``--scheduler tcp://…``.

Each hand-in travels as one JSON text to a worker, which grades it in a process of its own and in the sandbox, and sends
one back. The gradebook stays here, with its one writer. A worker that dies takes nothing along: Dask gives its hand-ins
to another one, and each comes back once. See :mod:`coursekit.grading.job` for the function that is run.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from coursekit.grading import job, sandbox
from coursekit.grading.command import Course
from coursekit.grading.door import GraderError
from coursekit.grading.handin import Graded
from coursekit.grading.intake import files_of
from coursekit.grading.job import JobError, JobProcess

INSTALL = "--scheduler needs the package distributed: pip install 'coursekit[grading]'"
CONNECT_SECONDS = 10.0
WORKER_SECONDS = 60.0  # so long a cluster may be without any worker


class ClusterError(RuntimeError):
    """The cluster cannot grade, in words for the teacher."""


# On a worker ----------------------------------------------------------------------------------------------------------


def facts() -> dict[str, Any]:
    """What a worker says of itself before it gets anything."""
    return {"versions": job.versions(), "sandbox": sandbox.missing()}


_idle: list[JobProcess] = []
_lock = threading.Lock()


def grade_text(text: str) -> str:
    """Run a job on a worker, in a process that waits for the next one afterwards."""
    try:
        process, answer = _answer(text)
    except JobError:  # it may have been ended for another one's sake: once more, in a process that is new
        try:
            process, answer = _answer(text, JobProcess())
        except JobError as error:
            return json.dumps({"error": ["JobError", f"{error}; this happened twice"]})
    if "versions" in json.loads(answer):
        process.close()  # the files of this package have changed since it was started
        return answer
    with _lock:
        _idle.append(process)
    return answer


def _answer(text: str, process: JobProcess | None = None) -> tuple[JobProcess, str]:
    if process is None:
        with _lock:
            process = _idle.pop() if _idle else None
        if process is None or not process.alive():
            process = JobProcess()
    return process, process.run(text)


# On the teacher's machine ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of the cluster at an address, whose scheduler and workers are fit for grading.

    Raises:
        ClusterError: if they are not, or not there.
    """
    host, port = _host_and_port(address)
    try:
        from distributed import Client
        from distributed.security import Security
    except ImportError as error:
        raise ClusterError(f"{INSTALL} ({error})") from None
    if address.startswith("tls:") and Security().get_connection_args("client").get("ssl_context") is None:
        raise ClusterError(
            "tls:// needs certificates: expected distributed.comm.tls in Dask's configuration, found none"
        )
    absent = f"no Dask scheduler answers at {address}: expected one that was started by `dask scheduler`"
    try:
        socket.create_connection((host, port), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(f"{absent}, got: {_first(error)}") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # everything that matters is said in our own words
    came: queue.Queue[Any] = queue.Queue()

    def connect() -> None:
        try:
            came.put(Client(address, timeout=CONNECT_SECONDS, set_as_default=False))
        except Exception as error:
            came.put(error)

    threading.Thread(target=connect, daemon=True).start()  # it waits for ever for a server that is no scheduler
    try:
        client = came.get(timeout=1.5 * CONNECT_SECONDS)
    except queue.Empty:
        client = TimeoutError("a server that does not speak Dask's protocol")
    if isinstance(client, Exception):
        raise ClusterError(f"{absent}, got: {_first(client)}")
    try:
        _check(client, address)
        yield client
    finally:
        with contextlib.suppress(Exception):  # what is done is done, whether the scheduler hears of it or not
            client.close(timeout=5)


def grade_many(course: Course, students: Sequence[str], address: str) -> Iterator[tuple[str, Graded | Exception]]:
    """Grade hand-ins on the cluster at an address; each is given as soon as it is done, whatever became of it.

    Raises:
        ClusterError: if grading cannot begin there.
    """
    if not course.sandboxed:
        raise ClusterError(
            "a cluster grades in the sandbox only: there, the code of students would have others' rights"
        )
    if not students:
        return
    with connected(address) as client:
        yield from grade_on(client, students, lambda s: job.job_of(course, files_of(course.submitted(s))))


def grade_on(client: Any, students: Sequence[str], job_for: Callable[[str], Mapping[str, Any]]) -> Iterator[tuple]:
    """Grade hand-ins on a cluster.

    Args:
        client: of :func:`connected`.
        students: whose.
        job_for: the job of a student.

    Returns:
        Each student once, as soon as the result is there, with it or with the error that came instead.
    """
    waiting, running, lonely = list(students), {}, 0.0
    while waiting or running:
        try:
            threads = sum(client.nthreads().values())
            while waiting and len(running) < 2 * max(
                1, threads
            ):  # what waits stays here, not in the scheduler's memory
                student = waiting.pop(0)
                text = json.dumps(job_for(student))
                running[client.submit(grade_text, text, key=f"hand-in-{uuid4().hex}", pure=False)] = student
            lonely = 0.0 if threads else lonely or time.monotonic()
            if lonely and time.monotonic() - lonely > WORKER_SECONDS:
                raise ClusterError(f"the cluster has had no worker for {WORKER_SECONDS:g} s")
            done = _done(running)
        except (OSError, RuntimeError, TimeoutError) as error:
            left, lost = [*running.values(), *waiting], _lost(error)
            yield from ((student, ClusterError(lost)) for student in left)
            return
        for future in done:
            yield running.pop(future), _result(future)
            future.release()


def _lost(error: Exception) -> str:
    reason = (
        str(error) if isinstance(error, ClusterError) else f"the connection to the scheduler is lost: {_first(error)}"
    )
    return f"{reason}; grade again when the cluster is back, what is recorded is not repeated"


def _done(running: Mapping[Any, str]) -> list[Any]:
    """The futures that have an answer, or have none to come; after two seconds perhaps none."""
    deadline = time.monotonic() + 2
    while not (done := [future for future in running if future.done()]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return done


def _result(future: Any) -> Graded | Exception:
    """What came of one hand-in, which is never another one's matter."""
    try:
        return job.graded_of(json.loads(future.result(timeout=60)))
    except (GraderError, JobError) as error:
        return error
    except Exception as error:
        from distributed import KilledWorker

        if isinstance(error, KilledWorker):
            tries = error.allowed_failures + 1
            why = f"{tries} workers died while they graded it; is there memory enough, and is the hand-in the reason?"
            return ClusterError(why)
        return ClusterError(f"no result came from the cluster: {_first(error)}")


def _host_and_port(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(address)
        if parts.scheme in ("tcp", "tls") and parts.hostname and parts.port:
            return parts.hostname, parts.port
    except ValueError:  # a port that is none
        pass
    expected = "expected the address of a Dask scheduler like tcp://scheduler.example.org:8786 (or tls://)"
    raise ClusterError(f"{expected}, got {address!r}")


def _check(client: Any, address: str) -> None:
    """Refuse a cluster whose parts are not what this machine is: other versions could give other points."""
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError:
        raise ClusterError(
            f"the scheduler at {address} has no worker: expected at least one; start `dask worker {address}`"
        ) from None
    found = client.run(facts, on_error="return")
    try:
        found["scheduler"] = {**client.run_on_scheduler(facts), "sandbox": ""}  # nobody's code runs there
    except Exception as error:
        found["scheduler"] = error
    wrong = [f"{who}: {why}" for who, said in found.items() if (why := _unfit(said))]
    if wrong:
        told = "; ".join(wrong)
        raise ClusterError(f"the cluster at {address} is not fit for grading, and nothing was sent to it: {told}")


def _unfit(said: Any) -> str:
    """Why a worker that says this cannot grade; empty if it can."""
    if not isinstance(said, dict) or "versions" not in said:
        return f"expected the course's environment, with coursekit.grading in it, but {_first(said)}"
    return job.differences(job.versions(), said["versions"]) or said["sandbox"]


def _first(error: Any) -> str:
    """The first line of an error."""
    text = str(error).strip() or repr(error)
    return text.splitlines()[0][:300]
