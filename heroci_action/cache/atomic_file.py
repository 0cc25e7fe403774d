"""Replace a file in one step, so that no other run reads a half of it."""

from __future__ import annotations

import secrets
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file, and its directory if that does not exist. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
