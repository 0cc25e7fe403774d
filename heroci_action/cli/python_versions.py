"""Python versions as users write them."""

from __future__ import annotations

import re


def is_python_version(text: str) -> bool:
    """Return whether a text is a version such as `3.12` or `3.12.1`."""
    return bool(re.fullmatch(r"3\.[0-9]{1,3}(\.[0-9]{1,3})?", text))
