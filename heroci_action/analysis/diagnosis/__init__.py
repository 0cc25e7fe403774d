"""Find the cause of a failed command in its output."""

from __future__ import annotations

from heroci_action.analysis.diagnosis import database, image, installation, machine, settings, tests
from heroci_action.analysis.diagnosis.exceptions import last_exception
from heroci_action.analysis.diagnosis.missing_module import Tree, explain_missing_module
from heroci_action.analysis.diagnosis.sign import Diagnosis, Sign

__all__ = ["SIGNS", "Diagnosis", "Tree", "diagnose", "last_exception"]

SIGNS: tuple[Sign, ...] = (
    *machine.SIGNS,
    *installation.SIGNS,
    *image.SIGNS,
    *database.SIGNS,
    *settings.SIGNS,
    *tests.SIGNS,
)
"""The first sign that is found names the cause, so signs that explain others come first."""


def diagnose(output: str, *, installs: bool = True, tree: Tree | None = None) -> Diagnosis | None:
    """Return the first known cause in the output of a failed command, None if there is none.

    `installs`: the command installs packages or builds an image; otherwise, an index or requirement in the output is
    not the cause. `tree` is the repository, whose own modules need not be installed.
    """
    own = _own_module(output, tree) if tree else None
    if own:
        return own
    for sign in SIGNS:
        if installs or not sign.installation:
            found = sign.find(output)
            if found:
                return found
    return None


def _own_module(output: str, tree: Tree) -> Diagnosis | None:
    names: list[str] = settings.MISSING_MODULE.findall(output)
    return explain_missing_module(names[-1], tree) if names else None
