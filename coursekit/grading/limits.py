"""Time limits and silence for code that is not trusted to keep either."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
import time
import types
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

CALL_SECONDS = 4.0  # one call of a student's function
TASK_SECONDS = 8.0  # all calls of one task together: a test cell stays below ten seconds


class OutOfTime(BaseException):
    """Raised inside code that ran too long. No ``Exception``, so that ``except Exception`` does not swallow it."""


class TimeLimit:
    """Raise :class:`OutOfTime` in a block that runs longer than ``seconds``.

    It needs signals, that is, Linux or macOS and the main thread; elsewhere it does nothing.
    A block may swallow the exception (a bare ``except`` in a loop). Then the alarm goes off again, and the
    exception is raised once more at the next line of every function on the stack, so from the handler, too.
    """

    AGAIN_SECONDS = 0.2

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.works = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()

    def __enter__(self) -> TimeLimit:
        if self.works:
            self.boundary = sys._getframe(1)
            self.frames: list[types.FrameType] = []
            self.alarms = 0
            self.tracer = sys.gettrace()
            self.handler = signal.signal(signal.SIGALRM, self._ring)
            self.timer = signal.setitimer(signal.ITIMER_REAL, self.seconds, self.AGAIN_SECONDS)
            self.start = time.monotonic()
        return self

    def __exit__(self, *exception: object) -> None:
        if not self.works:
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.handler)
        if self.frames:
            sys.settrace(self.tracer)
            for frame in self.frames:
                frame.f_trace = None
        remaining, interval = self.timer
        if remaining > 0:  # somebody else's alarm was running: give it back what is left
            signal.setitimer(signal.ITIMER_REAL, max(1e-3, remaining - (time.monotonic() - self.start)), interval)

    def _ring(self, _signal: int, frame: types.FrameType | None) -> None:
        self.alarms += 1
        while self.alarms > 1 and frame is not None and frame is not self.boundary:
            frame.f_trace = self._raise_at_line
            self.frames.append(frame)
            frame = frame.f_back
        if self.frames:
            sys.settrace(_trace_no_new_frame)
        raise OutOfTime

    def _raise_at_line(self, frame: types.FrameType, event: str, _arg: object) -> Any:
        if event == "line":
            raise OutOfTime
        return self._raise_at_line


def _trace_no_new_frame(_frame: types.FrameType, _event: str, _arg: object) -> None:
    """Tracing must be on for the frames that carry a trace function; functions called later carry none."""


@contextlib.contextmanager
def silence(stdout: bool = True) -> Iterator[None]:
    """Let nothing out: no warning, no error stream (that of C code too), and no standard output if ``stdout``."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(np.errstate(all="ignore"))
        stack.enter_context(contextlib.redirect_stderr(_Sink()))
        if stdout:
            stack.enter_context(contextlib.redirect_stdout(_Sink()))
        with contextlib.suppress(OSError):
            stack.enter_context(_descriptor_to_nowhere(2))
        yield


class _Sink(io.TextIOBase):
    """A stream that forgets what it is given, however much that is."""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


@contextlib.contextmanager
def _descriptor_to_nowhere(descriptor: int) -> Iterator[None]:
    saved = os.dup(descriptor)
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
        yield
    finally:
        os.dup2(saved, descriptor)
        os.close(saved)
