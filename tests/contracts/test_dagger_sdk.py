"""The private modules of the Dagger SDK that HeroCI uses, and the places of the pinned version."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from dataclasses import fields
from importlib import metadata
from pathlib import Path

import pytest
from dagger import Container
from dagger.client._core import Context

from heroci_action.engines.dagger.preflight import VERSION

ROOT = Path(__file__).resolve().parents[2]
PARAMETERS = {
    "dagger.client._config:ConnectConfig": {"retry"},
    "dagger.client._config:Retry": {"execute"},
    "dagger.client._session:ConnectParams": {"port", "session_token"},
    "dagger.client._session:SingleConnection": {"conn", "cfg"},
    "dagger.client._core:Field": {"type_name", "name", "args", "children"},
    "dagger.client._core:make_converter": {"ctx"},
    "dagger.provisioning._download:Downloader.get_sync": {"self"},
}


def resolve(path: str) -> object:
    module, _, names = path.partition(":")
    found: object = importlib.import_module(module)
    for name in names.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("path", PARAMETERS)
def test_a_private_name_has_the_parameters_that_heroci_uses(path: str) -> None:
    assert PARAMETERS[path] <= set(inspect.signature(resolve(path)).parameters)  # type: ignore[arg-type]


def test_a_query_has_the_parts_that_heroci_uses() -> None:
    assert {"conn", "selections", "converter"} <= {field.name for field in fields(Context)}
    assert callable(Context.execute)
    assert callable(Context.select_id)


def test_a_type_has_the_parts_that_heroci_uses() -> None:
    for name in ("_select", "_graphql_name"):
        assert callable(getattr(Container, name))


def test_every_private_module_in_use_is_tested() -> None:
    used = {
        module
        for path in (ROOT / "heroci_action").rglob("*.py")
        for module in re.findall(r"from (dagger\.[\w.]*_\w+) import", path.read_text())
    }
    assert used == {path.partition(":")[0] for path in PARAMETERS}


def test_the_sdk_is_the_pinned_version() -> None:
    assert metadata.version("dagger-io") == VERSION


def test_the_script_changes_the_version_everywhere(tmp_path: Path) -> None:
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    copied = [
        name for name in files if name.startswith(("heroci_action", "docs", "tests", "scripts"))
    ]
    for name in (*copied, "pyproject.toml", "Dockerfile.action"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        [sys.executable, "scripts/dagger_version.py", "9.8.7"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    # Results of an old version stay in tests of the formats.
    left = [
        path.relative_to(tmp_path).as_posix()
        for path in tmp_path.rglob("*")
        if path.suffix in (".py", ".md", ".toml") and VERSION in path.read_text()
    ]
    assert left == []
