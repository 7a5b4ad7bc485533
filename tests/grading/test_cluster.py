"""Grading on a Dask cluster: two workers of which one is killed on the way, and clusters that are not fit for it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from distributed import Client, KilledWorker
from small_class import NAME, environment, make, run, scores, total

from coursekit.grading import cluster, command, gradebook, job, sandbox
from coursekit.grading.command import Course

pytestmark = pytest.mark.skipif(bool(sandbox.missing()), reason=sandbox.missing() or "there is a sandbox")

STUDENTS = ["perfect", "blank", "exits", *(f"perfect_{number}" for number in range(2, 6))]
POINTS = {"perfect": 20.0, "blank": 0.0, "exits": 18.0}


@dataclass
class Cluster:
    """A scheduler and its workers, as processes, by their names."""

    address: str
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)
    most_memory: float = 0.0

    def start(self, name: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:], "--no-dashboard"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.processes[name] = subprocess.Popen(command, env=environment(Path("/nowhere")), **quiet)

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def needed(self) -> list[str]:
        """The workers that would be missed: first those at work, then those with results that nobody fetched yet."""
        with Client(self.address, set_as_default=False) as client:
            names = {where: about["name"] for where, about in client.scheduler_info(n_workers=-1)["workers"].items()}
            return [
                names[where] for tasks in (client.processing(), client.has_what()) for where in tasks if tasks[where]
            ]

    def measure(self) -> None:
        """Remember the largest worker: its memory and that of all it has started, what is shared divided."""
        for name, process in self.processes.items():
            if name != "scheduler":
                self.most_memory = max(self.most_memory, memory(process.pid))


def memory(pid: int) -> float:
    """Bytes."""
    bytes_used = 0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            bytes_used += process.memory_full_info().pss
        except psutil.Error:  # it has ended since
            continue
    return bytes_used


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = Cluster(f"tcp://127.0.0.1:{port}")
    started.start("scheduler", "scheduler", "--host=127.0.0.1", f"--port={port}")
    for name in ("one", "two"):
        started.start(name, "worker", started.address, "--no-nanny", "--nthreads=1", f"--name={name}")
    try:
        yield started
    finally:
        for name in list(started.processes):
            started.kill(name)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, running: Cluster) -> Path:
    """A class that was graded on this machine, and whose gradebook before that is ``before.db``."""
    root = make(tmp_path_factory.mktemp("class"), STUDENTS)
    run(root, "generate_assignment", NAME, "--force", module="nbgrader")
    shutil.copy(root / "gradebook.db", root / "before.db")
    run(root, "grade", NAME, "--workers", "1")
    shutil.copytree(root / "graded" / NAME, root / "graded-here")
    return root


@pytest.fixture
def graders(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSEKIT_GRADERS", str(course / "graders"))


def grade(course: Path, running: Cluster, each: Callable[[str], None], **options: object) -> tuple[dict, Counter]:
    """Grade on the cluster; gives the result, and how often each student's was written."""
    written = Counter[str]()
    original = command.Writer.write

    def write(self: command.Writer, student: str, *rest: object) -> None:
        original(self, student, *rest)
        written[student] += 1
        each(student)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command.Writer, "write", write)
        result = command.grade(
            Course(course, NAME, db=f"sqlite:///{course / 'cluster.db'}"),
            command.load_config(course),
            scheduler=running.address,
            **options,
        )
    return result, written


@pytest.mark.usefixtures("graders")
def test_a_worker_that_is_killed_costs_nobody_anything(course: Path, running: Cluster) -> None:
    """Every hand-in is written once, with the points and the record that it gets on one machine."""
    shutil.copy(course / "before.db", course / "cluster.db")
    for record in (course / "graded" / NAME).glob("*.json"):
        record.unlink()
    killed: list[str] = []

    def after_each(student: str) -> None:
        running.measure()
        if not killed:
            killed.append(running.needed()[0])
            running.kill(killed[0])

    result, written = grade(course, running, after_each)
    assert len(killed) == 1
    assert result["ungraded"] == {}
    assert written == Counter(STUDENTS)
    here, there = scores(f"sqlite:///{course / 'gradebook.db'}"), scores(f"sqlite:///{course / 'cluster.db'}")
    assert there == here
    assert {student: total(cells) for student, cells in there.items()} == {
        student: POINTS[student.split("_")[0]] for student in STUDENTS
    }
    for student in STUDENTS:
        records = [json.loads((course / folder / f"{student}.json").read_text("utf-8")) for folder in FOLDERS]
        assert [record.pop("seconds") > 0 for record in records] == [True, True]
        assert records[0] == records[1]


FOLDERS = (f"graded/{NAME}", "graded-here")


def test_a_worker_needs_less_than_a_gigabyte(running: Cluster) -> None:
    print(f"the largest worker: {running.most_memory / 1e6:.0f} MB")
    assert 200e6 < running.most_memory < 1e9


def test_a_killed_worker_leaves_no_process(running: Cluster) -> None:
    left = psutil.Process(running.processes["one" if "one" in running.processes else "two"].pid)
    ours = {left.pid, *(child.pid for child in left.children(recursive=True))}
    deadline = time.monotonic() + 10
    while strays := [p.pid for p in psutil.process_iter() if p.pid not in ours and _grades(p)]:
        assert time.monotonic() < deadline, strays
        time.sleep(0.1)


def _grades(process: psutil.Process) -> bool:
    """Whether it is a process for jobs that lost its parent."""
    try:
        return "coursekit.grading.job" in process.cmdline() and process.ppid() == 1
    except psutil.Error:
        return False


@pytest.mark.usefixtures("graders")
def test_nothing_is_sent_to_workers_with_other_versions(
    course: Path, running: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = job.versions()
    monkeypatch.setattr(job, "versions", lambda: {**here, "numpy": "0.1", "coursekit": "another"})
    with pytest.raises(cluster.ClusterError, match="is not fit for grading, and nothing was sent to it") as caught:
        grade(course, running, print, force=True, only="blank")
    assert f"expected coursekit another, found {here['coursekit']}" in str(caught.value)
    assert f"expected numpy 0.1, found {here['numpy']}" in str(caught.value)


def test_a_worker_that_changed_meanwhile_is_told() -> None:
    other = {"versions": {**job.versions(), "python": "2.7"}}
    with pytest.raises(job.JobError, match=r"other versions: expected python 3\.\d+, found 2\.7"):
        job.graded_of(other)
    with pytest.raises(job.JobError, match="no known form"):
        job.graded_of({"graded": "20 points"})


@pytest.mark.usefixtures("graders")
def test_a_scheduler_that_is_gone_loses_nothing(course: Path, running: Cluster) -> None:
    """What has come is written, and everybody else is told."""
    for student in ("perfect", "blank", "exits"):
        (course / "graded" / NAME / f"{student}.json").unlink()

    def after_each(student: str) -> None:
        if "scheduler" in running.processes:
            running.kill("scheduler")

    result, written = grade(course, running, after_each)
    assert len(written) + len(result["ungraded"]) == 3
    assert written
    for why in result["ungraded"].values():
        assert "grade again when the cluster is back, what is recorded is not repeated" in why
    assert all(result["records"][student] for student in written)
    with pytest.raises(cluster.ClusterError, match="no Dask scheduler answers at tcp://"):
        grade(course, running, print, force=True)


@pytest.mark.parametrize("address", ["http://x:1", "tcp://", "tcp://host", "8786", "tcp://host:99999999", "tcp://[::1"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(cluster.ClusterError, match="expected the address of a Dask scheduler like tcp://"):
        next(cluster.grade_many(Course(Path(), NAME), ["ada"], address))


def test_certificates_and_sandbox_are_asked_for() -> None:
    with pytest.raises(cluster.ClusterError, match="tls:// needs certificates"):
        next(cluster.grade_many(Course(Path(), NAME), ["ada"], "tls://127.0.0.1:1"))
    with pytest.raises(cluster.ClusterError, match="a cluster grades in the sandbox only"):
        next(cluster.grade_many(Course(Path(), NAME, sandboxed=False), ["ada"], "tcp://127.0.0.1:1"))


def test_a_process_that_dies_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    told = json.loads(cluster.grade_text("{}"))
    assert told["error"][0] == "JobError"
    assert "the process that grades ended: exit status 1" in told["error"][1]
    assert "this happened twice" in told["error"][1]


def test_a_hand_in_that_ends_its_workers_is_told() -> None:
    class Lost:
        def result(self, timeout: float) -> str:
            raise KilledWorker("hand-in-1", None, 3)

    assert "4 workers died while they graded it" in str(cluster._result(Lost()))


def test_the_address_of_a_gradebook_stays_here(course: Path, graders: None) -> None:
    secret = Course(course, NAME, db="postgresql+psycopg://teacher:geheim@host/gradebook")
    sent = json.dumps(job.job_of(secret, {"gan.ipynb": b"{}"}))
    assert "geheim" not in sent
    assert "postgresql" not in sent
    assert gradebook.parsed(secret.db).password == "geheim"
    assert os.environ["COURSEKIT_GRADERS"] not in sent
