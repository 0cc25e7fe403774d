"""Read files of the form of a .env."""

from __future__ import annotations

import re


def parse_dotenv(text: str) -> dict[str, str]:
    """`NAME=value` lines; quotes are taken off, comments and lines with `$` in them left out."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = re.fullmatch(
            r"""\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^#]*?))\s*(?:\s#.*)?""",
            line,
        )
        if match and "$" not in line:
            found[match[1]] = next(
                (group for group in match.groups()[1:] if group is not None), ""
            ).strip()
    return found
