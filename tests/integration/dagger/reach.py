"""Whether a Dagger engine can be had for tests, found out once."""

from __future__ import annotations

import os
from functools import cache

import anyio
import pytest

from heroci_action.engines.dagger.preflight import ENGINE_IMAGE
from heroci_action.engines.dagger.rehearsal import rehearse
from heroci_action.errors import HeroCIError

HOW = (
    f"start Docker with the image {ENGINE_IMAGE} (or name an engine in _EXPERIMENTAL_DAGGER_RUNNER_HOST), "
    "and name the CLI in _EXPERIMENTAL_DAGGER_CLI_BIN where it cannot be downloaded"
)


@cache
def problem() -> str | None:
    """Why there is no engine to test with, None where there is one."""
    try:
        anyio.run(rehearse, dict(os.environ))
    except HeroCIError as error:
        return f"no Dagger engine: {error.cause}. To give one: {HOW}"
    return None


def require() -> None:
    """Skip the test where there is no engine."""
    reason = problem()
    if reason:
        pytest.skip(reason)
