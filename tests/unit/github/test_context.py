from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.github.context import GitHubContext


@pytest.mark.parametrize("environ", [{}, {"GITHUB_ACTIONS": ""}, {"GITHUB_ACTIONS": "false"}])
def test_no_context_outside_github(environ: dict[str, str]) -> None:
    assert GitHubContext.from_environ(environ) is None


def test_context_contains_the_runners_paths() -> None:
    context = GitHubContext.from_environ(
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": "/github/workspace",
            "GITHUB_SHA": "abc",
            "GITHUB_RUN_ATTEMPT": "3",
            "GITHUB_EVENT_PATH": "/github/workflow/event.json",
            "GITHUB_OUTPUT": "/github/file_commands/o",
            "GITHUB_STEP_SUMMARY": "/github/file_commands/s",
            "GITHUB_BASE_REF": "main",
        }
    )

    assert context == GitHubContext(
        workspace=Path("/github/workspace"),
        sha="abc",
        run_attempt=3,
        event_path=Path("/github/workflow/event.json"),
        output=Path("/github/file_commands/o"),
        step_summary=Path("/github/file_commands/s"),
        base_ref="origin/main",
    )


def test_empty_and_invalid_variables_are_ignored() -> None:
    context = GitHubContext.from_environ(
        {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": "", "GITHUB_RUN_ATTEMPT": "first"}
    )

    assert context == GitHubContext(workspace=Path())
