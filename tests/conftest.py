"""Settings that all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# Few examples keep the inner loop fast; CI tries many. A busy machine is no failure, so there is no deadline.
settings.register_profile("local", deadline=None, max_examples=3)
settings.register_profile("ci", deadline=None, max_examples=300)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than cores: the tests that run HeroCI wait for servers, containers and downloads."""
    return (os.cpu_count() or 1) + 1
