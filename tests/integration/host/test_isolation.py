"""HeroCI's own environment and memory are out of reach of the steps."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

READER = """
import os, sys
found = b""
for name in ("environ", "mem"):
    try:
        with open(f"/proc/{os.getppid()}/{name}", "rb") as file:
            found += file.read(1 << 20)
    except OSError as error:
        print(name, "refused")
print("TOKEN" if b"s3cret-value" in found else "nothing")
"""
PR_GET_DUMPABLE = 3  # <linux/prctl.h>
MAIN = f"""
import ctypes, os, subprocess, sys
from heroci_action.engines.host.isolation import KEPT_VARIABLES, hide_from_steps
hide_from_steps(KEPT_VARIABLES)
assert ctypes.CDLL(None).prctl({PR_GET_DUMPABLE}, 0, 0, 0, 0) == 0
assert os.environ["INPUT_TOKEN"] == "s3cret-value"
print(subprocess.run([sys.executable, "-c", {READER!r}], capture_output=True, text=True).stdout)
print(subprocess.run(["env"], capture_output=True, text=True).stdout)
"""


@pytest.mark.promise("a step reads the environment of HeroCI's process", "it finds no token")
@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_a_child_finds_no_token_in_its_parent() -> None:
    env = {**os.environ, "INPUT_TOKEN": "s3cret-value"}
    done = subprocess.run(
        [sys.executable, "-c", MAIN], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "nothing" in done.stdout
    assert "TOKEN" not in done.stdout
    assert f"PATH={os.environ['PATH']}" in done.stdout


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv"
)
def test_root_in_a_container_cannot_read_its_parents_memory() -> None:
    # Docker's default capabilities do not include SYS_PTRACE.
    container = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")
    env = {**os.environ, "INPUT_TOKEN": "s3cret-value"}
    done = subprocess.run(
        [*container, sys.executable, "-c", MAIN],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "mem refused" in done.stdout, done.stderr
