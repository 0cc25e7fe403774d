"""The recipes of docs/recipes.md, as their tests use them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.end_to_end.documented import DOCS, blocks
from tests.end_to_end.program import environment

RECIPES = (DOCS / "recipes.md").read_text()
WITH_SBIN = f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin"


def recipe(language: str, section: str) -> str:
    """Return the only block of a language in a section."""
    (text,) = blocks(RECIPES, language, section=section)
    return text


def configured(section: str, more: str = "") -> dict[str, str | None]:
    """Return the files of a project with the configuration of a recipe."""
    return {"pyproject.toml": f"{recipe('toml', section)}\n[tool.heroci.lint]\n{more}"}


def workflow(section: str) -> list[dict[str, Any]]:
    """Return the steps of the workflow in a section."""
    (job,) = yaml.safe_load(recipe("yaml", section))["jobs"].values()
    steps: list[dict[str, Any]] = job["steps"]
    return steps


def shell(lines: list[str], directory: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run lines as a CI program does: in one shell that stops at the first failure."""
    return subprocess.run(
        ["bash", "-e", "-c", "\n".join(lines)],
        cwd=directory,
        env=environment(PATH=WITH_SBIN, **variables),
        capture_output=True,
        text=True,
        check=False,
    )
