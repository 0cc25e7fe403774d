"""Find or build actionlint, which no Python package contains."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
IGNORED = (
    'must be named "Dockerfile"',  # GitHub accepts any name
    'property "workflow_(sha|repository)" is not defined',  # newer than actionlint 1.7.12
)


@cache
def actionlint_program() -> str:
    """Return actionlint from the PATH, or build it with Go into the user's cache. Skip the test if neither works."""
    found = shutil.which("actionlint")
    if found:
        return found
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    program = caches / "heroci-tests" / ACTIONLINT.rpartition("@")[2] / "actionlint"
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if not program.exists():
        if go is None:
            pytest.skip("no actionlint: install it, or Go, which then builds it")
        env = {**os.environ, "GOBIN": str(program.parent), "GOFLAGS": "-modcacherw"}
        built = subprocess.run(
            [go, "install", ACTIONLINT], env=env, capture_output=True, text=True, check=False
        )
        assert built.returncode == 0, built.stderr
    return str(program)
