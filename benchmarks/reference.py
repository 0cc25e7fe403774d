"""Copy the reference project without HeroCI's code, as if it were a separate repository."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = (
    "superheroes",
    "tests/__init__.py",
    "tests/superheroes",
    "manage.py",
    "requirements.txt",
    "Dockerfile",
)
SETTINGS = ("pyproject.toml", ".flake8", ".dockerignore", ".gitignore")


def copy_to(directory: Path) -> Path:
    """Create the directory and copy the project's tracked files into it, uncommitted changes included."""
    command = ["git", "ls-files", "-z", "--", *PROJECT, *SETTINGS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, directory / name)
    return directory
