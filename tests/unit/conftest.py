"""Settings that all unit tests share."""

from __future__ import annotations

from hypothesis import settings

# A machine that runs CI is a busy one: an example that takes a while is no failure.
settings.register_profile("heroci", deadline=None)
settings.load_profile("heroci")
