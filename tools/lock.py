"""Resolve pyproject.toml into requirements.txt: every package pinned, for every supported Python and platform.

Needs `uv` (``pip install uv``) and a network.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

# Left to torch itself: which of them it wants depends on the build of torch that a machine takes.
TORCH_OWNS = re.compile(r"(nvidia-|cuda-|triton\b|lazy-importer\b)")


def main() -> None:
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        sys.exit("error: `make lock` needs uv: run `.venv/bin/pip install uv`, then again")
    command = [uv, "pip", "compile", "--universal", "--python-version", "3.11", "pyproject.toml", "--all-extras"]
    command += ["--prerelease=disallow", "--no-emit-index-url", "--no-annotate", "--no-header", "--quiet"]
    resolved = subprocess.run([*command, *sys.argv[1:]], check=True, capture_output=True, text=True).stdout
    lines = [line for line in resolved.splitlines() if not TORCH_OWNS.match(line)]
    Path("requirements.txt").write_text("\n".join(lines) + "\n")
    print(f"requirements.txt: {len(lines)} packages pinned")


if __name__ == "__main__":
    main()
