"""nbgrader's settings: the course root is this repository, with directories under the names used here.

nbgrader reads this file when it runs in the repository's root.
`solutions/` is nbgrader's source and `exercises/` its release; what students hand in goes to `submitted/`,
and nbgrader makes `autograded/`, `feedback/` and `gradebook.db`, none of which git keeps.
"""

import os
import sys
from pathlib import Path

from coursekit import autograde

c = get_config()  # noqa: F821 (given by traitlets)

# nbgrader calls `alembic` by name, also where the environment is not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

c.CourseDirectory.course_id = "generators-and-critics"
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

# A student's code runs in a sandbox, and is judged outside of it; see coursekit/grading/outside.py.
# Without bubblewrap grading refuses; `nbgrader autograde gan --GradeOutside.sandbox=False` runs their code as you.
root = Path(__file__).resolve().parent
c.GradeOutside.course = str(root)
c.GradeOutside.solutions = str(root / "solutions")
c.SaveRecord.records = str(root / "graded")
# What one hand-in may use, where it differs from coursekit/grading/sandbox.py, e.g. {"memory_bytes": 4 << 30}.
c.GradeOutside.limits = {}

# Test cells that are gone come back (by our step, and by nbgrader's where that is off).
c.OverwriteCells.add_missing_cells = True
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise NotImplementedError()"}

# Our steps settle what nbgrader stumbles over; see coursekit/autograde.py.
c.Autograde.sanitize_preprocessors = autograde.sanitize_steps()
c.Autograde.autograde_preprocessors = autograde.autograde_steps()
