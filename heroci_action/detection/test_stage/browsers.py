"""Browsers of Playwright, which the CI downloads before tests that need them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from heroci_action.detection.ci.records import LeftOut
from heroci_action.detection.findings import Finding, Warn
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.declared import distributions
from heroci_action.text import some

_PACKAGES = frozenset({"playwright", "pytest-playwright", "pytest-playwright-asyncio"})
# `playwright install --with-deps chromium`
_INSTALL = re.compile(r"\bplaywright\s+install\b(?!-)")


def warn_of_browsers(
    project: ProjectFiles, before: tuple[str, ...], lines: Iterable[LeftOut]
) -> Iterator[Finding]:
    """Warn of the downloads of browsers that the plan leaves out if the tests use Playwright for Python.

    The browsers are outside the checkout, and their libraries need root. `before` are the lines before the tests.
    """
    found = [line for line in lines if _INSTALL.search(line.line)]
    if not found or project.configured("tests.before") is not None:
        return
    if _PACKAGES & distributions(project) or project.tree.python_with("playwright"):
        shown = some([f"{line.line!r} ({line.source})" for line in found])
        steps = dict.fromkeys((*before, *(line.command or line.line for line in found)))
        yield Warn(
            f"the CI downloads the browsers of Playwright before its tests, and HeroCI does not: {shown}; run that "
            "once on this machine, or add it to tests.before",
            (f"tests.before = {json.dumps([*steps], ensure_ascii=False)}",),
        )
