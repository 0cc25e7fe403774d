"""The variables of a job that are for its tools, not for its tests."""

from __future__ import annotations

import re

_SERVICES = "GITHUB|RUNNER|ACTIONS|GITLAB|CIRCLE|TRAVIS|BITBUCKET|AZURE"
# Variables of the CI service, of installers, caches, images and uploads.
_OF_TOOLS = re.compile(
    rf"^({_SERVICES}|CI|SYSTEM|BUILD|CODECOV|COVERALLS|CC|SONAR|DOCKER"
    r"|BUILDX?|COMPOSE|UV|PIP|PIPENV|POETRY|PDM|HATCH|TOX|NOX|PRE_COMMIT|NPM|YARN|PNPM|IMAGE|REGISTRY|GH|GIT|PG)_"
    r"|^(TOXENV|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|FORCE_COLOR|NO_COLOR|PY_COLORS|CLICOLOR\w*)$"
    r"|^(DEBIAN_FRONTEND|MAKEFLAGS|PATH)$"
    r"|^COVERAGE_(FILE|RCFILE|PROCESS_START|PROCESS_CONFIG|\w*ARGS)$|^POSTGRES_(INITDB_ARGS|HOST_AUTH_METHOD)$"
    r"|^PG[A-Z]+$|(TOKEN|VERSION|IMAGE|CACHE|CACHE_DIR|CACHE_KEY|CACHE_PATH)$"
)
# Variables of jobs named after a service: `GITLAB_CI_IMAGE_NODE`
_OF_SERVICES = re.compile(rf"^({_SERVICES})_")


def is_named_after_service(name: str) -> bool:
    """Return whether a variable is named after a service of CI, so that its own jobs read it, and no program."""
    return _OF_SERVICES.search(name) is not None


def may_change_tests(name: str) -> bool:
    """Return whether the project, its libraries or its tests may read a variable."""
    return not _OF_TOOLS.search(name)
