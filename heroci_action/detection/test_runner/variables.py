"""The variables that a command has in addition to the suite's."""

from __future__ import annotations

import re

from heroci_action.detection.ci.records import UNKNOWN, Command
from heroci_action.detection.ci.tool_variables import may_change_tests
from heroci_action.detection.project_files import ProjectFiles

# `postgres://:@:/`: Compose replaces the variables that only the CI knows by nothing.
_EMPTY_ADDRESS = re.compile(r"[\w.+-]+://[:@/]*")


def variables_of(project: ProjectFiles, command: Command) -> dict[str, str]:
    """Return the variables of a command that the suite does not have, or has with other values."""
    usual = project.ci.env
    return {
        name: value
        for name, value in command.env.items()
        if may_change_tests(name)
        and usual.get(name) != value
        and not project.ci.is_of_service(name, value)
        and UNKNOWN not in value
        and not _EMPTY_ADDRESS.fullmatch(value)
    }
