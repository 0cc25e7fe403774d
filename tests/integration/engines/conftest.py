from __future__ import annotations

import pytest

from tests.integration.host.conftest import Lines


@pytest.fixture
def lines() -> Lines:
    return Lines()
