"""Lets the tests of this folder import `assignments`, and nbgrader find the programs of this environment."""

import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
# The nets of the exercises are tiny: more threads only get into each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
LINUX_ONLY = ("cluster", "command", "hostile", "outside", "postgres")
# The sandbox is Linux's; elsewhere grading refuses, and the round trip runs without it.
collect_ignore = [] if sys.platform.startswith("linux") else [f"test_{name}.py" for name in LINUX_ONLY]
