"""What sed makes of a text."""

from __future__ import annotations

import re

from heroci_action.detection.ci.shell.posix_patterns import in_python

# `s|^HOST=.*|HOST=|`
_SUBSTITUTION = re.compile(r"s([/|#,@!])((?:\\.|(?!\1).)*)\1((?:(?!\1)[^\\&])*)\1(g?)")


def substitute(text: str | None, script: str, *, extended: bool) -> str | None:
    """Return a text after a script that only replaces; None for any other script, or if the text is not known."""
    match = _SUBSTITUTION.fullmatch(script)
    if match is None or text is None:
        return None
    pattern = in_python(match[2])
    if pattern is None:
        return None
    # These are plain characters in a basic expression.
    old = pattern if extended else re.sub(r"(?<!\\)([+?|(){}])", r"\\\1", pattern)
    new, count = match[3].replace("\\", "\\\\"), 0 if match[4] else 1
    try:
        return "".join(
            re.sub(old, new, line, count=count) for line in text.splitlines(keepends=True)
        )
    except re.error:
        return None
