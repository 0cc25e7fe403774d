"""Settings that all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# Few examples keep the inner loop fast; CI tries many. A busy machine is no failure, so there is no deadline.
settings.register_profile("local", deadline=None, max_examples=3)
settings.register_profile("ci", deadline=None, max_examples=300)
settings.load_profile("ci" if os.environ.get("CI") else "local")
