"""Which generation of HeroCI's things in an engine is in use: a new one finds nothing of the old ones.

The engine's API removes neither a volume by its name nor the results of one program. So what is not wanted any more
gets no new readers, and the engine drops it when it needs the space, as what was not used for the longest time. The
name of the generation is the user's, not the engine's: a new one takes nothing from others who use the same engine.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from heroci_action.errors import UsageError

FILE = "dagger-generation"


def read_generation(cache: Path) -> str:
    """The name of the generation; the first one has none."""
    try:
        return (cache / FILE).read_text().strip()
    except OSError:
        return ""


def new_generation(cache: Path) -> str:
    """Begin a generation. Raises UsageError where it cannot be written down."""
    name = secrets.token_hex(4)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        (cache / FILE).write_text(f"{name}\n")
    except OSError as error:
        raise UsageError(
            f"the cache {str(cache)!r} cannot be written: {error.strerror}",
            remedy="set HEROCI_CACHE_DIR to a directory that can",
        ) from error
    return name
