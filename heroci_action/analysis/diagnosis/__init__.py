"""Find the cause of a failed command in its output."""

from __future__ import annotations

from heroci_action.analysis.diagnosis import database, image, installation, machine, settings, tests
from heroci_action.analysis.diagnosis.sign import Diagnosis, Sign

SIGNS: tuple[Sign, ...] = (
    *machine.SIGNS,
    *installation.SIGNS,
    *image.SIGNS,
    *database.SIGNS,
    *settings.SIGNS,
    *tests.SIGNS,
)
"""The first sign that is found names the cause, so signs that explain others come first."""


def diagnose(output: str, *, installs: bool = True) -> Diagnosis | None:
    """Return the first known cause in the output of a failed command, None if there is none.

    `installs`: the command installs packages or builds an image; otherwise, an index or requirement in the output is
    not the cause.
    """
    for sign in SIGNS:
        if installs or not sign.installation:
            found = sign.find(output)
            if found:
                return found
    return None
