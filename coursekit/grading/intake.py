"""Intake: what was handed in, compared with what was released, before anything runs.

Pure functions on bytes and notebooks. A hand-in is read whatever it is, its cells are recognised, the test cells come
back as they were released, and every step is told in a sentence. The file that a student handed in is never changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

MAX_FILE_BYTES = 20 << 20
MAX_FILES = 100
MAX_CELLS = 2000
MAX_SOURCE = 1 << 20  # characters of all cells together; what a cell shows does not count
MAX_NOTES = 40
GRADE_ID_COMMENT = re.compile(r"^[ \t]*#[ \t]*grade_id:[ \t]*([\w-]+)[ \t]*$", re.MULTILINE)
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
CELL_METADATA = {"nbgrader": object, "id": str, "tags": list, "deletable": bool, "editable": bool, "vscode": object}
# How files begin that are sent in by mistake.
BEGINNINGS = {
    b"PK\x03\x04": "an archive or an office document",
    b"%PDF": "a PDF",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
    b"\x1f\x8b": "an archive",
    b"version https://git-lfs": "a pointer of Git LFS in place of the file",
}


@dataclass(frozen=True)
class Intake:
    """What became of one hand-in.

    Attributes:
        notebook: the notebook to grade, or ``None`` where there is none.
        notes: a sentence for each thing that was not as released.
        problem: why there is no notebook; empty if there is one.
    """

    notebook: NotebookNode | None
    notes: list[str] = field(default_factory=list)
    problem: str = ""


# Reading --------------------------------------------------------------------------------------------------------------


def read(data: bytes) -> Intake:
    """Read the bytes of a hand-in as a notebook of nbformat 4, mending what can be mended.

    Args:
        data: the file as it was handed in.

    Returns:
        The notebook with what was mended, or the problem. Nothing is raised.
    """
    if len(data) > MAX_FILE_BYTES:
        return Intake(None, problem=f"the file has {len(data) >> 20} MB; {MAX_FILE_BYTES >> 20} MB are allowed")
    if not data.strip():
        return Intake(None, problem="the file is empty")
    for beginning, what in BEGINNINGS.items():
        if data.lstrip()[:64].lower().startswith(beginning.lower()):
            return Intake(None, problem=f"the file is {what}, not a notebook")
    notes: list[str] = []
    try:
        content = json.loads(_decoded(data, notes))
    except (ValueError, RecursionError) as error:
        return Intake(None, problem=f"the file is no notebook: {_short(error)}")
    if not isinstance(content, dict) or not isinstance(content.get("cells", content.get("worksheets")), list):
        return Intake(None, problem="the file is JSON, but no notebook: it has no cells")
    try:
        notebook = _notebook(content, notes)
    except Exception as error:  # nbformat raises whatever its upgrades stumble over
        return Intake(None, problem=f"the notebook cannot be read: {_short(error)}")
    return Intake(notebook, notes)


def _decoded(data: bytes, notes: list[str]) -> str:
    for encoding in ("utf-8", "utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.startswith("\ufeff"):
            continue
        if encoding != "utf-8":
            notes.append(f"the file was not in UTF-8; read as {encoding}")
        return text
    raise ValueError("it is text in no known encoding")


def _notebook(content: dict[str, Any], notes: list[str]) -> NotebookNode:
    """The notebook, upgraded to version 4, with the fields that nbformat and nbgrader rely on."""
    if "worksheets" in content or content.get("nbformat", 4) != 4:
        notes.append(f"the notebook was of the old format {content.get('nbformat', 3)}")
        content = nbformat.convert(nbformat.from_dict({"nbformat": 3, "nbformat_minor": 0, **content}), 4)
    cells, left = [], MAX_SOURCE
    if len(content["cells"]) > MAX_CELLS:
        notes.append(f"there were {len(content['cells'])} cells; the first {MAX_CELLS} were read")
    for number, cell in enumerate(content["cells"][:MAX_CELLS]):
        if not isinstance(cell, Mapping) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            notes.append(f"cell {number} is no cell and was left out")
            continue
        clean = _cell(cell)
        left -= len(clean["source"])
        if left < 0:
            notes.append(f"cell {number} was left out: all cells together may have {MAX_SOURCE} characters")
            left += len(clean["source"])
            continue
        cells.append(clean)
    return nbformat.from_dict(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": known_metadata(content.get("metadata")),
            "cells": _with_own_ids(cells),
        }
    )


def known_metadata(metadata: Any) -> dict[str, Any]:
    """A notebook's metadata as far as it is of use: the language is Python, and the program that saved it is told.

    All else goes: what pages would run, what only takes space, such as the state of widgets, and what is no metadata.
    """
    language = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    programs = [key for key in ("colab", "vscode") if isinstance(metadata, Mapping) and key in metadata]
    return language | {"language_info": {"name": "python"}} | {key: {} for key in programs}


def _cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    source, metadata = cell.get("source", ""), cell.get("metadata")
    if isinstance(source, list):
        source = "".join(str(line) for line in source)
    clean = {
        "cell_type": cell["cell_type"],
        "id": cell.get("id"),
        "metadata": _cell_metadata(metadata) if isinstance(metadata, Mapping) else {},
        "source": _text(source) if isinstance(source, str) else "",
    }
    if cell["cell_type"] == "code":  # outputs are the student's word for it; everything runs anew
        clean |= {"outputs": [], "execution_count": None}
    elif pictures := _pictures(cell.get("attachments")):
        clean["attachments"] = pictures
    return clean


def _cell_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata that a hand-in may bring along. What the grading itself puts there is not among it."""
    kept = {
        key: metadata[key] for key, kind in CELL_METADATA.items() if key in metadata and isinstance(metadata[key], kind)
    }
    if not all(isinstance(tag, str) for tag in kept.get("tags", [])):
        del kept["tags"]
    return kept | ({"vscode": {}} if "vscode" in kept else {})


def _text(text: str) -> str:
    """Text that every file and every database takes: without halves of characters, and without zeros."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _pictures(attachments: Any) -> dict[str, dict[str, str]]:
    """The pictures that a student put into a text; nothing else, and nothing that breaks out of its place in a page."""
    found: dict[str, dict[str, str]] = {}
    for name, kinds in attachments.items() if isinstance(attachments, Mapping) else ():
        for mime, content in kinds.items() if isinstance(kinds, Mapping) else ():
            picture = mime in ("image/png", "image/jpeg") and isinstance(content, str)
            if picture and re.fullmatch(r"[A-Za-z0-9+/=\s]*", content):
                found[re.sub(r"[^\w.-]", "_", str(name))] = {mime: content}
    return found


def _with_own_ids(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every cell with an id of its own, as nbformat 4.5 wants it; Colab keeps its ids in the metadata."""
    used: set[str] = set()
    for number, cell in enumerate(cells):
        wanted = cell["id"] or cell["metadata"].get("id")
        valid = isinstance(wanted, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", wanted)
        cell["id"] = wanted if valid and wanted not in used else f"cell-{number}"
        while cell["id"] in used:
            cell["id"] += "-"
        used.add(cell["id"])
    return cells


def _short(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__


# Choosing the file ----------------------------------------------------------------------------------------------------


def choose(files: Mapping[str, bytes], name: str) -> tuple[str | None, list[str]]:
    """Which of the files of one hand-in is the notebook of the assignment.

    Args:
        files: contents by file name.
        name: the assignment; its notebook should be called ``<name>.ipynb``.

    Returns:
        The file's name, or ``None`` where there is none, and a sentence where it is not the expected one.
    """
    wanted = f"{name}.ipynb"
    if wanted in files:
        return wanted, []
    notebooks = [file for file in sorted(files) if read(files[file]).notebook is not None]
    if not notebooks:
        return None, []
    best = max(notebooks, key=lambda file: (len(_ids(read(files[file]).notebook)), name.lower() in file.lower()))
    others = f"; there were {len(notebooks)} notebooks" if len(notebooks) > 1 else ""
    return best, [f"there was no {wanted}; {best} was taken for it{others}"]


def _ids(nb: NotebookNode) -> set[str]:
    return {found for cell in nb.cells if (found := _claimed(cell)) is not None}


def _claimed(cell: NotebookNode) -> str | None:
    meta = cell.metadata.get("nbgrader")
    found = meta.get("grade_id") if isinstance(meta, Mapping) else None
    return found if isinstance(found, str) else None


# Recognising the cells ------------------------------------------------------------------------------------------------

Released = dict[str, dict[str, Any]]


def released_cells(nb: NotebookNode) -> Released:
    """The cells of a released notebook that nbgrader knows, by their grade id."""
    return {
        _claimed(cell): {
            "cell_type": cell.cell_type,
            "source": cell.source,
            "nbgrader": dict(cell.metadata["nbgrader"]),
            "id": cell.get("id"),
        }
        for cell in nb.cells
        if _claimed(cell) is not None
    }


def public_source(source: str) -> str:
    """A test cell as students have it: without hidden tests, and without white space that editors change."""
    lines, hidden = [], False
    if END_HIDDEN not in source:
        hidden = None  # an opening line alone hides nothing
    for line in source.replace("\r\n", "\n").strip().splitlines():
        if hidden is False and line == BEGIN_HIDDEN:
            hidden = True
        elif hidden:
            hidden = line != END_HIDDEN
        else:
            lines.append(line.rstrip())
    return "\n".join(lines).strip()


def settle(nb: NotebookNode, released: Released) -> list[str]:
    """Give a notebook exactly the graded cells that were released, in place.

    A cell is recognised by nbgrader's id, else by its cell id, else by a comment ``# grade_id: …`` in its source,
    else, if it is a test cell, by its unchanged text. Test cells get their released source back. One that is missing,
    or stands before the code that it tests, comes to the end, where every function is defined.

    Args:
        nb: a hand-in.
        released: the released cells by id, as :func:`released_cells` gives them.

    Returns:
        A sentence for each thing that was not as released.
    """
    notes: list[str] = []
    known = _recognised(nb, released, notes)
    order = [grade_id for grade_id in known.values() if grade_id is not None]
    if order != [grade_id for grade_id in released if grade_id in order]:
        notes.append("the cells are in another order than released")
    late = _too_early(order, released)
    for index, grade_id in known.items():
        cell = nb.cells[index]
        if grade_id is None:
            continue
        original = released[grade_id]
        if _is_test(original) and cell.cell_type == original["cell_type"]:
            if public_source(cell.source) != public_source(original["source"]):
                notes.append(f"the test cell {grade_id} was edited; the original counts")
        elif cell.cell_type != original["cell_type"]:
            notes.append(f"the cell {grade_id} was turned into a {cell.cell_type} cell; it is {original['cell_type']}")
        nb.cells[index] = _restored(cell, original)
    moved = {index for index, grade_id in known.items() if grade_id in late}
    tail = [nb.cells[index] for index in sorted(moved)]
    nb.cells = [cell for index, cell in enumerate(nb.cells) if index not in moved]
    notes += [
        f"the test cell {grade_id} stood before the code that it tests; it was moved to the end" for grade_id in late
    ]
    for grade_id, original in released.items():
        if grade_id in order or not original["nbgrader"].get("grade"):
            continue
        notes.append(f"the cell {grade_id} was missing and has been put back")
        tail.append(new_markdown_cell(f"The cell `{grade_id}` was missing in this hand-in. It was put back here."))
        make = new_code_cell if original["cell_type"] == "code" else new_markdown_cell
        tail.append(make(original["source"], metadata={"nbgrader": dict(original["nbgrader"])}))
    nb.cells += tail
    _with_own_ids(nb.cells)
    if nb.nbformat_minor < 5:  # cells have ids since version 4.5
        for cell in nb.cells:
            cell.pop("id", None)
    return notes


def _recognised(nb: NotebookNode, released: Released, notes: list[str]) -> dict[int, str | None]:
    """The grade id of each cell of nbgrader's; ``None`` for a second cell of the same id. Marks are taken off."""
    claims: dict[int, str] = {}
    for index, cell in enumerate(nb.cells):
        claimed = _claimed(cell)
        if "nbgrader" in cell.metadata and claimed not in released:
            notes.append(f"a cell with the unknown id {claimed!r} counts as an ordinary cell")
        cell.metadata.pop("nbgrader", None)
        if claimed in released:
            claims[index] = claimed
    by_id = {key: g for g, original in released.items() for key in (original.get("id"), g, g.replace("_", "-")) if key}
    by_text = {public_source(o["source"]): g for g, o in released.items() if _is_test(o)}
    ways = {
        "its cell id": lambda cell: by_id.get(cell.get("id")) or by_id.get(cell.metadata.get("id")),
        "a comment": lambda cell: next((g for g in GRADE_ID_COMMENT.findall(cell.source) if g in released), None),
        "its text": lambda cell: by_text.get(public_source(cell.source)),
    }
    for way, find in ways.items():
        taken = set(claims.values())
        for index, cell in enumerate(nb.cells):
            found = find(cell) if index not in claims else None
            if found is not None and found not in taken:
                claims[index] = found
                notes.append(f"the cell {found} had lost its id and was recognised by {way}")
    result: dict[int, str | None] = {}
    for index in sorted(claims, reverse=True):
        double = claims[index] in result.values()
        if double:
            notes.append(f"the cell {claims[index]} is there more than once; the last one counts")
        result[index] = None if double else claims[index]
    return dict(sorted(result.items()))


def _is_test(original: Mapping[str, Any]) -> bool:
    return bool(original["nbgrader"].get("grade")) and not original["nbgrader"].get("solution")


def _too_early(order: Sequence[str], released: Released) -> list[str]:
    """The test cells that stand before the solution cell which they follow in the release."""
    solution, owner = None, {}
    for grade_id, original in released.items():
        if original["nbgrader"].get("solution"):
            solution = grade_id
        elif _is_test(original):
            owner[grade_id] = solution
    place = {grade_id: number for number, grade_id in enumerate(order)}
    return [g for g in order if g in owner and place.get(owner[g], -1) > place[g]]


def _restored(cell: NotebookNode, original: Mapping[str, Any]) -> NotebookNode:
    """A cell with its nbgrader metadata; a locked one with its released source, too."""
    meta = dict(original["nbgrader"])
    if not (_is_test(original) or meta.get("locked")) and cell.cell_type == original["cell_type"]:
        cell.metadata["nbgrader"] = meta
        return cell
    source = original["source"] if _is_test(original) or meta.get("locked") else cell.source
    make = new_code_cell if original["cell_type"] == "code" else new_markdown_cell
    metadata = {key: value for key, value in cell.metadata.items() if key in ("deletable", "editable", "tags")}
    return make(source, id=cell.get("id"), metadata={**metadata, "nbgrader": meta})


TAG = re.compile(r"<(?=[A-Za-z/!?])(?!https?://[^\s<>]*>)")


LINK = re.compile(r"(\]\(\s*|^[ ]{0,3}\[(?:[^\\\[\]]|\\.){0,500}\]:\s*)([^\s)]*)", re.MULTILINE)
SAFE = re.compile(r"https?://.*|(mailto|attachment):[\w.@%+-]*|[\w./#%-]*")


def disarmed(text: str) -> str:
    """Markdown without HTML, and without links that are scripts."""

    def link(match: re.Match[str]) -> str:
        return match[0] if SAFE.fullmatch(match[2]) else f"{match[1]}#"

    return LINK.sub(link, TAG.sub("&lt;", text))


def disarm(nb: NotebookNode, released: NotebookNode) -> None:
    """Turn markup in a student's texts into text, in place: teachers read these in a browser, which runs scripts.

    Args:
        nb: a hand-in; Markdown stays Markdown, and raw cells, which pages show as they are, become Markdown.
        released: a notebook whose own texts stay as they are.
    """
    known = {cell.source for cell in released.cells if cell.cell_type != "code"}
    for number, cell in enumerate(nb.cells):
        if cell.cell_type == "code" or cell.source in known:
            continue
        source = disarmed(cell.source)
        if cell.cell_type == "raw":
            nb.cells[number] = new_markdown_cell(source, id=cell.get("id"))
        else:
            cell.source = source


# A whole hand-in ------------------------------------------------------------------------------------------------------


def take_in(files: Mapping[str, bytes], name: str, release: NotebookNode) -> Intake:
    """One hand-in, from its files to a notebook that can be graded.

    Args:
        files: contents by file name.
        name: the assignment.
        release: the released notebook.

    Returns:
        The settled notebook with its notes, or, where there is none, the released notebook with the problem in its
        first cell: every task then counts as missing, and the student reads why.
    """
    try:
        taken = _take_in(files, name, release)
    except Exception as error:  # nothing that is handed in stops the others
        taken = _nothing(release, f"the hand-in cannot be read: {type(error).__name__}", [])
    more = len(taken.notes) - MAX_NOTES
    return replace(taken, notes=[*taken.notes[:MAX_NOTES], f"and {more} more"]) if more > 0 else taken


def _take_in(files: Mapping[str, bytes], name: str, release: NotebookNode) -> Intake:
    chosen, notes = choose(files, name)
    if chosen is None:
        found = f"no notebook {name}.ipynb was handed in"
        if f"{name}.ipynb" not in files and files:
            reasons = [f"{file}: {read(data).problem}" for file, data in sorted(files.items())[:5]]
            found += f" ({'; '.join(reasons)})"
        return _nothing(release, found, notes)
    result = read(files[chosen])
    notes = [*notes, *result.notes]
    if result.notebook is None:
        return _nothing(release, result.problem, notes)
    notes += origin(result.notebook)
    notes += settle(result.notebook, released_cells(release))
    nbformat.validate(result.notebook)
    return Intake(result.notebook, notes)


def _nothing(release: NotebookNode, problem: str, notes: list[str]) -> Intake:
    return Intake(placeholder(release, problem), notes, problem)


def origin(nb: NotebookNode) -> list[str]:
    """Which program saved the notebook, where that shows."""
    if "colab" in nb.metadata:
        return ["saved by Colab"]
    if "vscode" in nb.metadata or any("vscode" in cell.metadata for cell in nb.cells):
        return ["saved by VS Code"]
    return []


def placeholder(release: NotebookNode, problem: str) -> NotebookNode:
    """The released notebook, unsolved, with the reason in front."""
    nb = new_notebook(metadata=dict(release.metadata))
    harmless = re.sub(r"[^\w .,:;()'/-]", "?", problem)  # file names come from students, and this becomes a page
    text = f"**This hand-in could not be graded:** {harmless}.\n\nEvery task counts as missing. Hand it in again."
    nb.cells = [new_markdown_cell(text, id="hand-in-problem"), *(nbformat.from_dict(cell) for cell in release.cells)]
    nb.nbformat_minor = 5
    return nb


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of one hand-in, without hidden ones and time stamps; links are not followed.

    No more is read than a notebook may have, whatever a file claims to hold.
    """
    if not folder.is_dir() or folder.is_symlink():
        return {}
    paths = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink()]
    wanted = [path for path in paths if not path.name.startswith(".") and path.name != "timestamp.txt"]
    files = {}
    for path in wanted[:MAX_FILES]:
        with path.open("rb") as file:
            files[_line(path.name)] = file.read(MAX_FILE_BYTES + 1)
    return files


def _line(name: str) -> str:
    """A file's name as one line that every terminal shows as it is."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in _text(name))
