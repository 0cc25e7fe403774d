"""Lower the fixed costs of thousands of short tests."""

from __future__ import annotations

import gc
from itertools import count
from pathlib import Path

import pytest

_NUMBERS = count()


def pytest_collection_finish() -> None:
    """Exclude modules and collected tests from garbage collection, which would visit them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty directory; pytest's own fixture also lists all earlier directories and renews a link."""
    path = tmp_path_factory.getbasetemp() / f"test-{next(_NUMBERS)}"
    path.mkdir()
    return path
