"""`.github/workflows/release.yml`, run by act: as a dry run, and with a local registry and repository."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from heroci_action.engines.dagger.preflight import ENGINE_IMAGE
from heroci_action.version import __version__
from tests.act.conftest import commit, git, has_image
from tests.act.runner import Runner
from tests.integration.package_index import package_index
from tests.integration.registry import registry

pytestmark = [pytest.mark.docker, pytest.mark.act, pytest.mark.xdist_group("act")]


def releasable(repository: Path) -> Path:
    """Add a section for this version to CHANGELOG.md and return the workflow's path."""
    log = repository / "CHANGELOG.md"
    heading = f"## Unreleased\n\n## {__version__} - 2030-01-31"
    log.write_text(log.read_text().replace("## Unreleased", heading))
    path = repository / ".github/workflows/release.yml"
    if not has_image(ENGINE_IMAGE):
        # Without the engine's image, use the target without the CLI.
        path.write_text(path.read_text().replace("--target release", "--target action"))
    return path


def test_dry_run_builds_the_image_and_shows_the_pinned_action(
    act: Runner, repository: Path
) -> None:
    releasable(repository)
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


def test_wrong_version_fails_before_anything_is_built(act: Runner, repository: Path) -> None:
    run = act.run(repository, "release.yml", "--input", "version=9.9.9", event="workflow_dispatch")
    assert run.exit_code == 1
    assert "heroci_action/version.py is not 9.9.9" in run.log
    assert "docker build" not in run.log


def test_release_pushes_and_attests_the_image_and_tags_the_pinned_action(
    act: Runner, repository: Path
) -> None:
    remote = act.home / "shared/remote.git"
    git(act.home, "init", "--quiet", "--bare", str(remote))
    with registry("octo", "hunter2hunter2") as there, package_index() as index:
        # Replace only GitHub's addresses, not what the workflow does with them.
        path = releasable(repository)
        text = (
            path.read_text()
            .replace("ghcr.io", there.address)
            .replace("gh release", "echo gh release")
            .replace(
                "--trusted-publishing always",
                f"--trusted-publishing never --token t --publish-url {index.address}",
            )
        )
        address = "https://x-access-token:$GH_TOKEN@github.com/$GITHUB_REPOSITORY.git"
        assert address in text
        path.write_text(text.replace(address, "/shared/remote.git"))
        commit(repository)
        image = f"{there.address}/octo/heroci"
        head = git(repository, "rev-parse", "HEAD").strip()
        options = ("--input", f"version={__version__}", "--input", "dry-run=false")
        user = ("--actor", "octo", "--secret", "GITHUB_TOKEN=hunter2hunter2")
        try:
            run = act.run(repository, "release.yml", *options, *user, event="workflow_dispatch")
        finally:
            subprocess.run(
                ["docker", "image", "rm", f"{image}:{head}"], capture_output=True, check=False
            )
    assert run.exit_code == 0, run.log[-6000:]
    assert "hunter2" not in run.log

    attested, files = (run.shared / "attested").read_text().split()
    assert files == "dist/*"
    name, _, digest = attested.partition("@")
    assert name == image
    (pushed,) = there.manifests.values()
    assert digest == f"sha256:{hashlib.sha256(pushed).hexdigest()}"

    assert git(remote, "tag").split() == [f"v{__version__}"]
    action = git(remote, "show", f"v{__version__}:action.yml")
    assert f"  image: docker://{attested}\n" in action
    assert f"gh release create v{__version__}" in run.log
    assert f'ACTION = "octo/heroci@v{__version__}"' in git(
        remote, "show", f"v{__version__}:heroci_action/version.py"
    )

    assert sorted(index.files) == [
        f"heroci-{__version__}-py3-none-any.whl",
        f"heroci-{__version__}.tar.gz",
    ]
    with zipfile.ZipFile(
        io.BytesIO(index.files[f"heroci-{__version__}-py3-none-any.whl"])
    ) as wheel:
        version = wheel.read("heroci_action/version.py").decode()
    assert f'ACTION = "octo/heroci@v{__version__}"' in version
