"""Parts of the application that the CI starts beside its tests, such as a worker of Celery."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from heroci_action.detection.ci.records import UNKNOWN, Image
from heroci_action.detection.findings import Finding, Warn
from heroci_action.text import one_line

_BRIEF = 80  # characters of a command


def warn_of_part(image: Image) -> Iterator[Finding]:
    """Warn of a service that is built from the repository, and that the tests' container needs."""
    if image.needed:
        command = one_line(shlex.join(image.arguments), _BRIEF).replace(UNKNOWN, "…")
        yield Warn(
            f"{image.source} starts {image.alias}{f' ({command})' if command else ''} with its tests, and the plan "
            "does not, because it is a part of the application: a test that waits for what it does fails"
        )
