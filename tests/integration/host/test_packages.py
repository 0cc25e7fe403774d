"""Debian packages on the host engine, with programs that answer as dpkg and apt-get do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.base import StepOutcome
from heroci_action.engines.host.packages import install_system_packages
from heroci_action.engines.host.workspace import Workspace, open_workspace
from heroci_action.plan.actions import InstallSystemPackages
from tests.integration.host.conftest import Lines

# A release without `old-library` and `chromium-browser`; nothing is installed, and `broken` never can be.
APT = """#!/bin/sh
code=0
for word; do
  case $word in
    old-library) echo "E: Unable to locate package old-library" >&2; code=100 ;;
    chromium-browser) echo "E: Package 'chromium-browser' has no installation candidate" >&2; code=100 ;;
    broken) code=100 ;;
  esac
done
[ $code = 0 ] && [ $1 = install ] && echo "Setting up $*"
exit $code
"""


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for name, text in {"apt-get": APT, "dpkg-query": "#!/bin/sh\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    with open_workspace({**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}) as workspace:
        yield workspace


def install(
    debian: Workspace,
    lines: Lines,
    *names: str,
    required: bool = False,
    may_install: bool = True,
) -> StepOutcome:
    action = InstallSystemPackages(packages=names, required=required)

    async def run() -> StepOutcome:
        return await install_system_packages(action, debian, sink=lines, may_install=may_install)

    return anyio.run(run)


def test_a_package_that_debian_does_not_know_keeps_no_other_one_from_installation(
    debian: Workspace, lines: Lines
) -> None:
    outcome = install(
        debian, lines, "libgdal-dev", "old-library", "chromium-browser", "libgeos-dev"
    )
    assert outcome.exit_code == 0
    assert lines[-1].endswith(" libgdal-dev libgeos-dev")
    assert outcome.warnings == (
        "system packages could not be installed: old-library, chromium-browser",
    )


def test_a_required_package_that_debian_does_not_know_fails(
    debian: Workspace, lines: Lines
) -> None:
    outcome = install(debian, lines, "libgdal-dev", "old-library", required=True)
    assert (outcome.exit_code, outcome.warnings) == (100, ())


def test_packages_that_cannot_be_installed_are_a_warning(debian: Workspace, lines: Lines) -> None:
    outcome = install(debian, lines, "libgdal-dev", "broken")
    assert outcome.exit_code == 0
    assert outcome.warnings == ("system packages could not be installed: libgdal-dev, broken",)


def test_the_warning_of_missing_packages_states_how_to_install_them(
    debian: Workspace, lines: Lines
) -> None:
    outcome = install(debian, lines, "libgdal-dev", "libgeos-dev", may_install=False)
    (warning,) = outcome.warnings
    assert "`apt-get install libgdal-dev libgeos-dev`" in warning
    assert "--install-system-packages" in warning


def test_a_program_that_comes_from_elsewhere_is_installed(
    debian: Workspace, lines: Lines, tmp_path: Path
) -> None:
    (tmp_path / "node").write_text("#!/bin/sh\n")
    (tmp_path / "node").chmod(0o755)
    install(debian, lines, "nodejs", "libgdal-dev")
    assert lines[-1].endswith(" libgdal-dev")
    assert "nodejs" not in lines[-1]
