"""Whether a Docker daemon answers, found out once."""

from __future__ import annotations

import shutil
import subprocess

import pytest

ANSWERS = (
    bool(shutil.which("docker"))
    and subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0
)
needs_docker = pytest.mark.skipif(
    not ANSWERS, reason="no Docker daemon answers; start one to run these tests"
)
