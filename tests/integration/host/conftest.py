from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from heroci_action.engines.base import Stream
from heroci_action.engines.host.workspace import Workspace, open_workspace


class Lines(list[str]):
    """A sink that keeps the lines."""

    def __call__(self, _stream: Stream, line: str) -> None:
        self.append(line)


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def space() -> Iterator[Workspace]:
    with open_workspace(os.environ) as here:
        yield here
