"""The version of uv, which may not be installed yet, and the one that a project demands."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from heroci_action.engines.requirements import TOOLS_LOCK, other_uv, uv_version

LOCK = "psutil==7.2.2 \\\n    --hash=sha256:0\nuv==1.2.3 \\\n    --hash=sha256:1\n    # via -r -\n"


def missing(_name: str) -> str:
    raise metadata.PackageNotFoundError


def test_it_is_the_installed_one(tmp_path: Path) -> None:
    assert uv_version({}) == metadata.version("uv")


def test_it_is_the_locked_one_where_it_is_fetched_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "version", missing)
    (tmp_path / "lock").write_text(LOCK)
    assert uv_version({TOOLS_LOCK: str(tmp_path / "lock")}) == "1.2.3"


def test_without_either_it_is_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(metadata.PackageNotFoundError):
        uv_version({})


@pytest.mark.parametrize(
    ("files", "other"),
    [
        ({}, None),
        ({"pyproject.toml": "[tool.uv]\nrequired-version = '==0.9.*'\n"}, "uv==0.9.*"),
        ({"pyproject.toml": "[tool.uv]\nrequired-version = '0.9.5'\n"}, "uv==0.9.5"),
        ({"pyproject.toml": "[tool.uv]\nrequired-version = '>=0.9,<0.12'\n"}, "uv>=0.9,<0.12"),
        ({"pyproject.toml": "[tool.uv]\nrequired-version = '>=0.9'\n"}, None),
        ({"uv.toml": "required-version = '<0.10'\n", "pyproject.toml": "[tool.uv]\n"}, "uv<0.10"),
        ({"pyproject.toml": "[tool.uv]\nrequired-version = 'new'\n"}, None),
        ({"pyproject.toml": "[tool.uv]\nrequired-version = 3\n"}, None),
        ({"pyproject.toml": "[tool\n"}, None),
    ],
)
def test_a_project_may_demand_another_one(
    tmp_path: Path, files: dict[str, str], other: str | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert other_uv(tmp_path, "0.13.9") == other
