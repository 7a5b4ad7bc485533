"""``python -m coursekit.grading grade gan``: the commands of :mod:`coursekit.grading.command`."""

import sys

from coursekit.grading.command import main

if __name__ == "__main__":
    sys.exit(main())
