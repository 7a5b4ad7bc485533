"""What the benchmarks take from a chapter: they run the code that readers see, and keep no copy of it."""

import ast
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import nbformat
import torch


def code_cells(chapter: Path) -> list[str]:
    """The sources of a notebook's code cells, without the first, which installs the kit on Colab."""
    return [cell.source for cell in nbformat.read(chapter, 4).cells if cell.cell_type == "code"][1:]


def run_definitions(chapter: Path, cells: list[str], names: Collection[str], **given: Any) -> dict[str, Any]:
    """Run the imports of a chapter, then the functions, classes and assigned names called so, and nothing else.

    Args:
        chapter: the notebook, for the traces of errors.
        cells: its code.
        names: of the functions, the classes and what is assigned.
        given: further names that they use; `device` is the CPU.

    Returns:
        The namespace that they live in.
    """
    statements = [node for source in cells for node in ast.parse(source).body]
    imports = [node for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    definitions = [node for node in statements if _defined(node) in names]
    namespace: dict[str, Any] = {"device": torch.device("cpu")} | given
    exec(compile(ast.Module(body=imports + definitions, type_ignores=[]), str(chapter), "exec"), namespace)
    return namespace


def _defined(node: ast.stmt) -> str | None:
    """The name of a function or class, or the one that is assigned first."""
    return getattr(node.targets[0], "id", None) if isinstance(node, ast.Assign) else getattr(node, "name", None)


def expect_names(names: Collection[str], namespace: dict[str, Any]) -> None:
    """End with a sentence if the chapter no longer has one of these names."""
    missing = sorted(set(names) - set(namespace))
    if missing:
        sys.exit(f"error: expected the chapter to define {', '.join(missing)}; was it renamed?")
