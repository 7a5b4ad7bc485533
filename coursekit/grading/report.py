"""The class on one page: scores, how hard each task was, and the tests that failed most; and tables for platforms.

Points come from the gradebook, so marks that a person gave count; outcomes and sentences come from the records of
:mod:`coursekit.grading.command`. Everything that a student may have written is text here, never markup or a formula.
"""

from __future__ import annotations

import csv
import html
import io
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

from coursekit.grading.gradebook import opened
from coursekit.grading.outcomes import OUTCOMES, task_of

Row = dict[str, Any]


def scores(name: str, db: str) -> list[Row]:
    """What the gradebook holds of an assignment, a row a student who handed in, sorted by id.

    Each has ``student``, ``first_name``, ``last_name``, ``email``, ``score`` (with late penalty), ``raw``, ``max``,
    ``late`` (seconds), ``look`` (whether a person should look at it) and ``tasks``, the points of each task.
    """
    rows = []
    with opened(db) as gradebook:
        for submission in gradebook.find_assignment(name).submissions:
            tasks: dict[str, float] = {}
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    task = task_of(grade.name)
                    tasks[task] = round(tasks.get(task, 0.0) + (grade.score or 0.0), 2)
            student = submission.student
            rows.append(
                {
                    "student": student.id,
                    "first_name": student.first_name or "",
                    "last_name": student.last_name or "",
                    "email": student.email or "",
                    "score": round(max(0.0, submission.score - (submission.late_submission_penalty or 0.0)), 2),
                    "raw": round(submission.score, 2),
                    "max": submission.max_score,
                    "late": submission.total_seconds_late,
                    "look": bool(submission.needs_manual_grade),
                    "tasks": tasks,
                }
            )
    return sorted(rows, key=lambda row: row["student"])


def records(folder: Path) -> dict[str, dict[str, Any]]:
    """The records of a folder by student."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        found[record["student"]] = record
    return found


def difficulty(rows: Sequence[Row], found: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """For each task: its points, the mean share that was reached, and how often each outcome occurred.

    The share is of the points in the gradebook, so that marks given by hand count.
    """
    reached: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for task, points in row["tasks"].items():
            reached[task].append(points)
    tasks: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in found.values():
        for task, result in record["tasks"].items():
            tasks[task].append(result)
    return [
        {
            "task": task,
            "max": results[0]["max_points"],
            "share": mean(reached[task] or [0.0]) / results[0]["max_points"],
            "outcomes": Counter(result["outcome"] for result in results),
        }
        for task, results in tasks.items()
    ]


def failures(found: Mapping[str, Mapping[str, Any]], most: int = 15) -> list[Row]:
    """The tests that failed most: task, test, number of students, and the most frequent sentence.

    What was not written at all is left out: it fails every test, and says nothing of any.
    """
    seen: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for record in found.values():
        if record["problem"]:
            continue
        for cell in record["cells"]:
            for test in cell["tests"]:
                if not test["passed"] and cell["outcome"] != "missing":
                    seen[task_of(cell["grade_id"]), test["name"]][test["message"]] += 1
    ordered = sorted(seen.items(), key=lambda item: (-item[1].total(), item[0]))
    return [
        {"task": task, "test": test, "students": messages.total(), "message": messages.most_common(1)[0][0]}
        for (task, test), messages in ordered[:most]
    ]


# Tables ---------------------------------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """CSV; a cell that a spreadsheet would run as a formula gets a quote in front."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([[_harmless(value) for value in row] for row in [head, *rows]])
    return text.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def scores_csv(rows: Sequence[Row]) -> str:
    """Everything: a line a student, a column a task."""
    tasks = list(dict.fromkeys(task for row in rows for task in row["tasks"]))
    head = ["student", "last_name", "first_name", "email", "score", "raw", "max", "seconds_late", "needs_look", *tasks]
    keys = ["student", "last_name", "first_name", "email", "score", "raw", "max", "late", "look"]
    return table(head, [[*(row[key] for key in keys), *(row["tasks"].get(task, "") for task in tasks)] for row in rows])


def canvas_csv(name: str, rows: Sequence[Row]) -> str:
    """The form that Canvas imports: its five columns, the assignment, and a second line with the possible points."""
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", name]
    lines = [["    Points Possible", "", "", "", "", max((row["max"] for row in rows), default=0)]]
    lines += [[_full_name(row), "", "", row["student"], "", row["score"]] for row in rows]
    return table(head, lines)


def moodle_csv(name: str, rows: Sequence[Row], found: Mapping[str, Mapping[str, Any]]) -> str:
    """For Moodle's grade import, which maps columns by hand: who, points, and a sentence of feedback."""
    head = ["Username", "Email address", "First name", "Surname", name, "Feedback comments"]
    lines = [
        [row["student"], row["email"], row["first_name"], row["last_name"], row["score"], _feedback(found, row)]
        for row in rows
    ]
    return table(head, lines)


def _feedback(found: Mapping[str, Mapping[str, Any]], row: Row) -> str:
    tasks = found.get(row["student"], {}).get("tasks", {})
    return "; ".join(f"{task}: {result['outcome']}" for task, result in tasks.items())


def _full_name(row: Row) -> str:
    return ", ".join(part for part in (row["last_name"], row["first_name"]) if part) or row["student"]


# The page -------------------------------------------------------------------------------------------------------------

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } caption { text-align: left; font-weight: 600; }
th, td { border-bottom: 1px solid #8888; padding: .25rem .75rem; text-align: left; vertical-align: top; }
.wide { overflow-x: auto; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.bar { background: #2a6fb0; display: inline-block; height: .8em; }
:root { color-scheme: light dark; }
"""


def page(name: str, rows: Sequence[Row], found: Mapping[str, Mapping[str, Any]]) -> str:
    """The class as one HTML page that needs nothing else."""
    got = [row["score"] for row in rows]
    first = f"{len(rows)} hand-ins."
    if got:
        first += f" Mean {mean(got):.2f}, median {median(got):g}, of {rows[0]['max']:g} points."
    hard = [
        [
            r["task"],
            f"{r['max']:g}",
            _bar(r["share"]),
            ", ".join(f"{n} {o}" for o in OUTCOMES if (n := r["outcomes"][o])),
        ]
        for r in sorted(difficulty(rows, found), key=lambda r: r["share"])
    ]
    failed = [[r["task"], r["test"], str(r["students"]), r["message"]] for r in failures(found)]
    everybody = [
        [
            row["student"],
            _full_name(row),
            f"{row['score']:g}",
            "yes" if row["late"] else "",
            "yes" if row["look"] else "",
            _intake(found.get(row["student"], {})),
        ]
        for row in rows
    ]
    parts = [
        f"<h1>{html.escape(name)}</h1><p>{html.escape(first)}</p>",
        _html_table("Tasks, the hardest first", ["task", "points", "mean share", "outcomes"], hard),
        _html_table("Tests that failed most", ["task", "test", "students", "most frequent sentence"], failed),
        _html_table("Scores", ["student", "name", "points", "late", "look at it", "intake"], everybody),
    ]
    head = f'<meta charset="utf-8"><title>{html.escape(name)}</title><style>{STYLE}</style>'
    policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    return f'<!doctype html>\n<html lang="en"><head>{policy}{head}</head><body>{"".join(parts)}</body></html>\n'


def _seen(task: Row) -> list[str]:
    return [outcome for outcome in OUTCOMES if task["outcomes"][outcome]]


def _intake(record: Mapping[str, Any]) -> str:
    return "; ".join(filter(None, [record.get("problem", ""), *record.get("notes", [])]))


class _Markup(str):
    """Markup of our own, which is not escaped."""


def _bar(share: float) -> _Markup:
    return _Markup(f'<span class="bar" style="width: {share * 8:.2f}em"></span> {share:.0%}')


def _html_table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def cell(value: str) -> str:
        number = value.replace(".", "", 1).isdecimal()
        text = value if isinstance(value, _Markup) else html.escape(value)
        return f"<td{' class=n' if number else ''}>{text}</td>"

    titles = "".join(f'<th scope="col">{html.escape(title)}</th>' for title in head)
    lines = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
    top = f"<caption>{html.escape(caption)}</caption><thead><tr>{titles}</tr></thead>"
    return f'<div class="wide" tabindex="0"><table>{top}<tbody>{lines}</tbody></table></div>'


def write(root: Path, name: str, db: str) -> list[Path]:
    """Write page and tables to ``graded/<name>/report/``.

    Returns:
        The files written.
    """
    rows, found = scores(name, db), records(root / "graded" / name)
    folder = root / "graded" / name / "report"
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "index.html": page(name, rows, found),
        "scores.csv": scores_csv(rows),
        "canvas.csv": canvas_csv(name, rows),
        "moodle.csv": moodle_csv(name, rows, found),
    }
    for file, content in contents.items():
        (folder / file).write_text(content, encoding="utf-8")
    return [folder / file for file in contents]
