from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.github.context import GitHubContext


@pytest.mark.parametrize("environ", [{}, {"GITHUB_ACTIONS": ""}, {"GITHUB_ACTIONS": "false"}])
def test_elsewhere_there_is_no_context(environ: dict[str, str]) -> None:
    assert GitHubContext.from_environ(environ) is None


def test_the_runner_says_where_things_are() -> None:
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


def test_what_is_empty_or_makes_no_sense_is_as_if_it_were_not_there() -> None:
    context = GitHubContext.from_environ(
        {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": "", "GITHUB_RUN_ATTEMPT": "first"}
    )

    assert context == GitHubContext(workspace=Path())
