"""Find a Dagger engine for the tests, once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

import anyio
import pytest

from heroci_action.engines.dagger.engine import find_engine
from heroci_action.engines.dagger.preflight import ENGINE_IMAGE, RUNNER_HOST, SESSION_PORT
from heroci_action.errors import HeroCIError

HOW = (
    f"start Docker with the image {ENGINE_IMAGE} (or name an engine in _EXPERIMENTAL_DAGGER_RUNNER_HOST), "
    "and name the CLI in _EXPERIMENTAL_DAGGER_CLI_BIN if it cannot be downloaded"
)


@cache
def problem() -> str | None:
    """Return why no engine is available, None if one is."""
    try:
        anyio.run(find_engine, dict(os.environ))
    except HeroCIError as error:
        return f"no Dagger engine: {error.cause}. To provide one: {HOW}"
    return None


def require() -> None:
    """Skip the test if no engine is available."""
    reason = problem()
    if reason:
        pytest.skip(reason)


def require_engine_by_address(machine: Mapping[str, str]) -> None:
    """Skip the test if the engine can only be found through Docker."""
    if RUNNER_HOST not in machine and SESSION_PORT not in machine:
        pytest.skip(
            f"the engine is found through Docker; name it in {RUNNER_HOST} to run this test"
        )


def registry() -> str:
    """Return the address of a registry that the engine can push to, or skip the test."""
    address = os.environ.get("HEROCI_TEST_REGISTRY")
    if not address:
        pytest.skip("no registry to push to; name one in HEROCI_TEST_REGISTRY")
    return address
