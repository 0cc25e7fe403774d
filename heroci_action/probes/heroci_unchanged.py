"""Run a program that rewrites files on copies of them, and fail if it would change one.

    python heroci_unchanged.py PROGRAM ARGUMENT... FILE...

The copies have the same paths relative to each other, and to the configuration of the working directory; the
differences are printed. The exit code is 1 if a file would change, else the program's own.
"""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator, List, Sequence

CONFIGURATION = ("pyproject.toml", "setup.cfg", "tox.ini", ".flake8")


def main(command: Sequence[str]) -> int:
    """Run the program, print what it would change, and return the exit code."""
    here = Path.cwd()
    files = [word for word in command[1:] if Path(word).is_file()]
    kept = [name for name in CONFIGURATION if Path(name).is_file()]
    # Files may be beside the working directory.
    paths = [os.path.normpath(str(here / file)) for file in files]
    top = os.path.commonpath([str(here), *paths])
    with tempfile.TemporaryDirectory() as copies:
        place = Path(copies, here.relative_to(top))
        place.mkdir(parents=True, exist_ok=True)
        for file in dict.fromkeys([*files, *kept]):
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, str(place / file))
        code = subprocess.run(command, cwd=str(place), check=False).returncode
        differences = {file: list(_difference(file, place / file)) for file in files}
    changed = [file for file, lines in differences.items() if lines]
    for file in changed:
        sys.stdout.writelines(differences[file])
    if changed:
        sys.stdout.write("{} would change {}\n".format(command[0], ", ".join(changed)))
    return 1 if changed else code


def _difference(file: str, copy: Path) -> Iterator[str]:
    return difflib.unified_diff(_lines(Path(file)), _lines(copy), file, file)


def _lines(path: Path) -> List[str]:
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return file.read().splitlines(keepends=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
