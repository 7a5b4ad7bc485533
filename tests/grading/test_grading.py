"""The door to a student's code, and the tests that explain."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from coursekit import grading
from coursekit.grading import (
    GraderError,
    Outcome,
    Student,
    StudentError,
    expect_close,
    expect_pair,
    expect_raises,
    expect_true,
    hidden,
    load_grader,
    outcome,
    plain,
    play,
    points_for,
    visible,
)

# Plain values ---------------------------------------------------------------------------------------------------------


class LyingFloat(float):
    def __float__(self) -> float:
        return 99.0

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = float.__hash__


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (0.5, 0.5),
        ("text", "text"),
        ((1, (2,)), [1, [2]]),
        ({"a": 1}, {"a": 1}),
        (np.float32(0.5), 0.5),
        (np.float64(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array(0.25), 0.25),
        (torch.tensor(0.25), 0.25),
        (torch.tensor(2), 2),
        (LyingFloat(1.5), 1.5),
    ],
)
def test_plain_values(value: object, expected: object) -> None:
    got = plain(value)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(3, dtype=np.float32),
        np.array([True, False]),
        np.zeros((0, 2)),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.ma.masked_array([1.0, 2.0]),
    ],
)
def test_plain_arrays_are_copies_of_the_same_dtype_and_shape(value: np.ndarray) -> None:
    got = plain(value)
    assert type(got) is np.ndarray
    assert (got.dtype, got.shape) == (value.dtype, value.shape)
    assert np.array_equal(got, value)
    assert not np.shares_memory(got, value)


def test_plain_tensors_lose_their_graph() -> None:
    tensor = torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    assert plain(tensor * 2).tolist() == [[2.0] * 3] * 2
    assert plain(torch.nn.Parameter(torch.ones(2))).dtype == np.float32
    assert plain(torch.ones(2, dtype=torch.bfloat16)).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), "a value of type object"),
        (lambda: 0, "a value of type function"),
        (1j, "a value of type complex"),
        ({1: 2}, "a key that is not a string"),
        (np.array([None]), "dtype object"),
        (np.array([1j]), "dtype complex128"),
        (np.array(["a"]), "dtype <U1"),
        (torch.ones(2, dtype=torch.complex64), "dtype complex64"),
        ({1, 2}, "a value of type set"),
        (b"bytes", "a value of type bytes"),
    ],
)
def test_what_is_not_plain_is_named(value: object, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        plain(value)


def test_too_much_does_not_pass() -> None:
    endless: list = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested"):
        plain(endless)
    with pytest.raises(ValueError, match="more than"):
        plain([0] * (grading.MAX_ITEMS + 1))
    with pytest.raises(ValueError, match="bytes"):
        plain(np.broadcast_to(np.float64(0), (1 << 30,)))


# The door -------------------------------------------------------------------------------------------------------------


def student(source: str, **limits: float) -> Student:
    namespace: dict = {}
    exec(source, namespace)
    return Student(namespace, **limits)


def test_a_call_passes_plain_values_both_ways() -> None:
    door = student("import numpy as np, torch\ndef f(x, *, y): return torch.as_tensor(x) + y, np.float32(1)")
    got = door.call("f", np.arange(2.0), y=1)
    assert got[0].tolist() == [1.0, 2.0]
    assert got[1] == 1.0
    assert type(got[1]) is float


def test_inputs_are_fresh_and_state_does_not_leak_back() -> None:
    door = student("seen = []\ndef f(x):\n    x[0] = 9\n    seen.append(x)\n    return x")
    x = np.zeros(2)
    assert door.call("f", x).tolist() == [9.0, 0.0]
    assert x.tolist() == [0.0, 0.0]
    nested = [[1, 2], {"a": np.ones(1)}]
    student("def f(x):\n    x[0].append(3)\n    x[1]['a'][0] = 5").call("f", nested)
    assert nested == [[1, 2], {"a": np.ones(1)}]


def test_a_snippet_sees_functions_and_inputs_and_leaves_no_trace() -> None:
    door = student("k = 2\ndef f(x): return k * x")
    assert door.run("k = 100\nresult = [f(v) for v in values]", values=[1, 2]) == [2, 4]
    with pytest.raises(StudentError, match="NameError"):
        door.run("result = values")
    with pytest.raises(GraderError, match="assigns no result"):
        door.run("f(1)")
    with pytest.raises(GraderError, match="no Python"):
        door.run("result = ")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError('three')", "raised ValueError: three"),
        ("return 1 / 0", "raised ZeroDivisionError: division by zero"),
        ("exit()", "raised SystemExit"),
        ("raise NotImplementedError()", "not written yet"),
        ("return object()", "returned a value of type object"),
        ("return f(x)", "raised RecursionError"),
        ("raise GeneratorExit", "raised GeneratorExit"),
        ("import torch; torch.ones(2).item()", "raised RuntimeError"),
    ],
)
def test_what_goes_wrong_is_said(body: str, words: str) -> None:
    with pytest.raises(StudentError) as error:
        student(f"def f(x):\n    {body}").call("f", 1)
    assert words in str(error.value)


def test_missing_and_odd_names_are_said() -> None:
    with pytest.raises(StudentError, match="there is no function f"):
        student("").call("f")
    with pytest.raises(StudentError, match="no function but a int"):
        student("f = 3").call("f")


def test_the_classes_of_an_exception_pass_as_names() -> None:
    with pytest.raises(StudentError) as error:
        student("class Odd(ValueError): pass\ndef f(): raise Odd('x')").call("f")
    assert error.value.raised[:2] == ("Odd", "ValueError")


def test_a_grader_that_passes_objects_is_to_blame() -> None:
    with pytest.raises(GraderError, match="the grader passes"):
        student("def f(x): return x").call("f", object())


LOOPS = {
    "plain": "while True: pass",
    "except Exception": "while True:\n        try: x += 1\n        except Exception: pass",
    "bare except": "while True:\n        try: x += 1\n        except: pass",
    "asleep": "import time\n    while True:\n        try: time.sleep(0.02)\n        except: pass",
    "suppress": "import contextlib, time\n    while True:\n        with contextlib.suppress(BaseException):\n"
    "            time.sleep(0.01)",
    "in a callee": "import time\n    def g():\n        while True: time.sleep(0.01)\n    while True:\n"
    "        try: g()\n        except BaseException: pass",
}


@pytest.mark.skipif(not hasattr(__import__("signal"), "setitimer"), reason="needs POSIX signals")
@pytest.mark.parametrize("loop", LOOPS)
def test_an_endless_loop_ends(loop: str) -> None:
    door = student(f"def f(x):\n    {LOOPS[loop]}\ndef g(): return 1", call_seconds=0.3, task_seconds=5)
    tracer, start = sys.gettrace(), time.monotonic()
    with pytest.raises(StudentError, match="is there a loop that never ends"):
        door.call("f", 1)
    assert time.monotonic() - start < 3
    assert sys.gettrace() is tracer
    assert door.call("g") == 1


def test_the_time_of_a_task_is_limited_too() -> None:
    door = student("def f():\n    while True: pass", call_seconds=0.2, task_seconds=0.5)
    start = time.monotonic()
    for _ in range(20):
        with pytest.raises(StudentError):
            door.call("f")
    assert time.monotonic() - start < 2


def test_nothing_comes_out_of_a_call(capfd: pytest.CaptureFixture[str]) -> None:
    source = (
        "import sys, os, warnings\n"
        "def f():\n"
        "    print('out'); print('err', file=sys.stderr); warnings.warn('look'); os.write(2, b'raw')\n"
        "    return 1\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert student(source).call("f") == 1
    assert capfd.readouterr() == ("", "")


def test_gradients_are_on_in_a_call_whatever_the_notebook_did() -> None:
    source = (
        "import torch\ndef f():\n    x = torch.ones(1, requires_grad=True)\n"
        "    return torch.autograd.grad((2 * x).sum(), x)[0]"
    )
    with torch.no_grad():
        assert student(source).call("f").tolist() == [2.0]


# Hidden tests ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def graders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSEKIT_GRADERS", str(tmp_path))
    return tmp_path


def write(graders: Path, body: str, name: str = "toy") -> None:
    (graders / f"{name}.py").write_text(
        f"import warnings, sys\nfrom coursekit.grading import *\ndef task(student, rng):\n    {body}\n",
        encoding="utf-8",
    )


def test_points_and_sentences(graders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(graders, "return [Outcome('a', True, '', 3), Outcome('b', False, 'expected 1, got 2')]")
    points = hidden("toy", "task", points=2, namespace={})
    assert points == 1.5
    assert type(points) is float
    assert repr(points) == "1.5"
    out, err = capsys.readouterr()
    assert out == "✗ b: expected 1, got 2\n"
    assert err == ""


def test_a_grader_is_silent_and_deterministic(graders: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(
        graders,
        "warnings.warn('x'); print('y', file=sys.stderr); print('z')\n"
        "    return [Outcome('a', bool(rng.random() == student.call('f')))]",
    )
    import zlib

    number = np.random.default_rng(zlib.crc32(b"toy/task")).random()
    assert hidden("toy", "task", 1, {"f": lambda: number}) == 1.0
    assert capfd.readouterr() == ("✓ task: all 1 hidden tests pass\n", "")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return 1 / 0", "crashed: ZeroDivisionError.*toy.py, line 4"),
        ("return True", "must give a list of outcomes"),
        ("return []", "must give a list of outcomes"),
        ("return [0.5]", "must give a list of outcomes"),
        ("return [Outcome('a', 1)]", "must be a bool"),
        ("return [Outcome('a', float('nan'))]", "must be a bool"),
        ("return [Outcome('a', True, '', -1)]", "positive number"),
        ("return [Outcome('a', True, '', float('nan'))]", "positive number"),
        ("assert False, 'oops'", "crashed: AssertionError"),
    ],
)
def test_a_broken_grader_is_loud(graders: Path, body: str, words: str) -> None:
    write(graders, body)
    with pytest.raises(GraderError, match=words):
        hidden("toy", "task", 2, {})


def test_a_missing_grader_is_loud(graders: Path) -> None:
    with pytest.raises(GraderError, match=r"there is no grader nothing\.py"):
        hidden("nothing", "task", 2, {})
    write(graders, "pass")
    with pytest.raises(GraderError, match="has no function other"):
        hidden("toy", "other", 2, {})
    (graders / "broken.py").write_text("import nothing_of_this_name", encoding="utf-8")
    with pytest.raises(GraderError, match="cannot be imported: ModuleNotFoundError"):
        hidden("broken", "task", 2, {})


def test_a_mended_grader_is_loaded_afresh(graders: Path) -> None:
    write(graders, "return [Outcome('a', False)]")
    assert hidden("toy", "task", 2, {}) == 0.0
    write(graders, "return [Outcome('a', True)]")
    os.utime(graders / "toy.py", (1, 1))
    assert hidden("toy", "task", 2, {}) == 2.0


@pytest.mark.parametrize("points", [0, -1, True, math.nan, math.inf, "2", None])
def test_points_must_be_a_positive_number(points: object) -> None:
    with pytest.raises(ValueError, match="positive number"):
        hidden("gan", "losses", points, {})


def test_points_are_clamped_and_rounded() -> None:
    third = [Outcome(str(i), i == 0) for i in range(3)]
    assert points_for(third, 2) == 0.67
    assert points_for([Outcome("a", True)], 3) == 3.0
    assert points_for([Outcome("a", False)], 3) == 0.0


def test_outcomes_catch_the_students_faults_alone() -> None:
    def fails() -> None:
        raise StudentError("f raised")

    assert outcome("a", fails) == Outcome("a", False, "f raised")
    assert outcome("a", lambda: None, weight=2).passed
    with pytest.raises(ZeroDivisionError):
        outcome("a", lambda: 1 / 0)


def test_the_repositorys_graders_are_found_from_any_folder(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "COURSEKIT_GRADERS"}
    code = "from coursekit.grading import load_grader; print(load_grader('gan').losses.__name__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout == "losses\n", done.stderr


def test_the_module_is_light() -> None:
    """Importing it must not import torch: a visible test of a task without torch starts at once."""
    code = "import sys, coursekit.grading; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


# What visible tests say -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        (1.15, 0.86688, "x: expected 0.86688, got 1.15."),
        (1 / 0.86688, 0.86688, "Is the ratio upside down?"),
        (None, 1.0, "got None; is the `return` missing?"),
        (np.ones(2), 1.0, "expected one number, got shape (2,)"),
        ([1.0], 1.0, "expected one number, got 1 values in a list"),
        ("1", 1.0, "expected a number or an array of numbers, got a str"),
        (object(), 1.0, "got a value of type object"),
        ([1, "a"], [1, 2], "expected numbers"),
        ([1, [2]], [1, 2], "expected numbers"),
        (np.ones((3, 1)), np.ones(3), "expected shape (3,), got shape (3, 1)"),
        ([1.0, 5.0, 3.0], [1.0, 2.0, 3.0], "1 of 3 values are wrong, first at index 1: expected 2, got 5."),
        ([[1.0, 0.0]], [[1.0, 2.0]], "first at index (0, 1)"),
        (math.nan, 1.0, "expected 1, got nan"),
        (math.inf, 1.0, "got inf"),
        (1.0, math.inf, "expected inf, got 1"),
        (0.30000001, 0.3, None),
        (0.3000004, 0.3, None),
        (0.300004, 0.3, "expected 0.3, got 0.300004"),
        (np.log(2) + 2e-6, np.log(2), "expected 0.693147, got 0.693149"),
        (math.inf, math.inf, None),
        (torch.tensor(0.3, requires_grad=True), 0.3, None),
        (np.float32(0.3), 0.3, None),
        (torch.ones(2), [1.0, 1.0], None),
        (2_000_000.5, 2_000_000.0, None),
        (True, 1.0, None),
    ],
)
def test_expect_close(got: object, expected: object, words: str | None) -> None:
    mistakes = {"is the ratio upside down?": 1 / 0.86688}
    if words is None:
        expect_close("x", got, expected)
        return
    with pytest.raises(AssertionError) as error:
        expect_close("x", got, expected, mistakes=mistakes)
    assert words in str(error.value)


def test_values_that_print_alike_get_more_digits() -> None:
    with pytest.raises(AssertionError, match=r"expected 0\.693147181, got 0\.693147171\. Look closer\."):
        expect_close("x", np.log(2) - 1e-8, np.log(2), tol=1e-12, hint="Look closer.")


def test_expect_pair() -> None:
    for pair in ((1, 2), [1, 2], np.array([1, 2]), torch.tensor([1, 2])):
        assert [int(value) for value in expect_pair("f", pair)] == [1, 2]
    with pytest.raises(AssertionError, match="f: got None; is the `return` missing"):
        expect_pair("f", None)
    for other in (1.0, (1, 2, 3), [], torch.tensor(1.0)):
        with pytest.raises(AssertionError, match="expected a pair"):
            expect_pair("f", other)


def test_expect_true_and_raises() -> None:
    expect_true("fine", True)
    with pytest.raises(AssertionError, match="not fine"):
        expect_true("not fine", np.bool_(False))
    expect_raises("three", ValueError, int, "three")
    with pytest.raises(AssertionError, match="three: expected ValueError, got the result 3"):
        expect_raises("three", ValueError, int, "3")
    with pytest.raises(AssertionError, match="expected ValueError, got ZeroDivisionError"):
        expect_raises("zero", ValueError, lambda: 1 / 0)


def test_a_visible_block_is_silent_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with visible("Task 1"):
        warnings.warn("look", stacklevel=1)
        np.log(np.zeros(1))
        print("err", file=sys.stderr)
        os.write(2, b"raw")
        print("a student's print")
    assert capfd.readouterr() == ("a student's print\n✓ Task 1: the visible tests pass\n", "")


def never_ends() -> None:
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(0.01)


def test_a_visible_block_ends_in_time() -> None:
    with pytest.raises(AssertionError, match=r"no result after 0\.3 s"), visible("Task 1", seconds=0.3):
        never_ends()
    with pytest.raises(NotImplementedError), visible("Task 1"):
        raise NotImplementedError


def test_an_alarm_of_somebody_else_survives() -> None:
    import signal

    rung = []
    old = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.4)
        with visible("Task 1"):
            time.sleep(0.05)
        assert not rung
        time.sleep(0.6)
        assert rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def test_pictures_are_drawn_for_people_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = []
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    play(lambda: drawn.append(1))
    for how in ("autograde", "validate"):
        monkeypatch.setenv("NBGRADER_EXECUTION", how)
        play(lambda: drawn.append(2))
    assert drawn == [1]
    monkeypatch.delenv("NBGRADER_EXECUTION")

    def blank() -> None:
        raise NotImplementedError

    play(blank)
    assert "solve the task above first" in capsys.readouterr().out
    with pytest.raises(ZeroDivisionError):
        play(lambda: 1 / 0)


def test_graders_have_a_function_for_every_hidden_cell() -> None:
    from assignments import graded_cells, names

    for name in names():
        tasks = {cell.task for cell in graded_cells(name) if cell.grade_id.endswith("_hidden")}
        assert all(callable(getattr(load_grader(name), task, None)) for task in tasks)


def test_a_visible_test_leaves_no_names_behind() -> None:
    """Neither new ones nor another object under the name of a student's helper; also when the test fails."""
    cell = """
from coursekit.grading import visible
with visible("Task 1"):
    def total(): return "the test's"
    value = total()
    for item in range(3): pass
    del helper
    assert {holds}
"""
    namespace = {"total": "the student's", "helper": 1}
    exec(cell.format(holds=True), namespace)
    with pytest.raises(AssertionError):
        exec(cell.format(holds=False), namespace)
    assert namespace.keys() - {"__builtins__"} == {"total", "helper", "visible"}
    assert namespace["total"] == "the student's"
