"""GitHub on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.github.server import GitHub, serving


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(GitHub()) as github:
        yield github
