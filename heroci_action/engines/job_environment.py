"""The variables of a CI job that no program started by HeroCI needs: tokens, and files that control later steps."""

from __future__ import annotations

from collections.abc import Mapping

_PREFIXES = ("ACTIONS_", "GITHUB_", "INPUT_", "RUNNER_")


def without_job_variables(machine: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without them: any process of the same user can read the environment of another one."""
    return {name: value for name, value in machine.items() if not name.startswith(_PREFIXES)}
