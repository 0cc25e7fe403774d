"""The version of uv, which may not be installed yet."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from heroci_action.engines.requirements import TOOLS_LOCK, uv_version

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
