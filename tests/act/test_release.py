"""`.github/workflows/release.yml`, run dry by act."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from heroci_action.engines.dagger.preflight import ENGINE_IMAGE
from heroci_action.version import __version__
from tests.act.conftest import commit, git, has_image
from tests.act.runner import Runner

pytestmark = [pytest.mark.docker, pytest.mark.act]


def test_a_dry_run_builds_the_image_and_shows_the_action_that_would_name_it(
    act: Runner, repository: Path
) -> None:
    log = repository / "CHANGELOG.md"
    heading = f"## Unreleased\n\n## {__version__} - 2030-01-31"
    log.write_text(log.read_text().replace("## Unreleased", heading))
    path = repository / ".github/workflows/release.yml"
    if not has_image(ENGINE_IMAGE):
        # Where it would have to be fetched, the image without the CLI does.
        path.write_text(path.read_text().replace("--target release", "--target action"))
    commit(repository)
    run = act.run(
        repository, "release.yml", "--input", f"version={__version__}", event="workflow_dispatch"
    )
    built = f"ghcr.io/octo/heroci:{git(repository, 'rev-parse', 'HEAD').strip()}"
    subprocess.run(["docker", "image", "rm", built], capture_output=True, check=False)
    assert run.exit_code == 0, run.log[-6000:]
    assert re.search(
        r"^\+  image: docker://ghcr.io/octo/heroci@sha256:[0-9a-f]{64}$", run.log, re.MULTILINE
    )
    assert "### Added" in run.summary
    assert git(repository, "tag") == ""
    done = {line["step"] for line in run.lines if line.get("stepResult") == "success"}
    assert {"Build", "Notes"} <= done
    assert not {"Log in", "Push", "Publish"} & done
    assert f"heroci {__version__}" in run.log
    assert not (run.shared / "attested").exists()


def test_a_version_that_is_not_the_sources_ends_it_before_anything_is_built(
    act: Runner, repository: Path
) -> None:
    run = act.run(repository, "release.yml", "--input", "version=9.9.9", event="workflow_dispatch")
    assert run.exit_code == 1
    assert "heroci_action/version.py does not say 9.9.9" in run.log
    assert "docker build" not in run.log
