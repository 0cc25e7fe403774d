"""What GitHub's runner says about the run, read from its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubContext:
    """The variables that HeroCI makes use of; files that the runner did not name are None.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """

    workspace: Path
    sha: str | None = None
    ref: str | None = None
    repository: str | None = None
    event_name: str | None = None
    event_path: Path | None = None
    api_url: str = "https://api.github.com"
    workflow: str = ""
    job: str = ""
    run_id: str | None = None
    run_attempt: int = 1
    output: Path | None = None
    step_summary: Path | None = None
    debug: bool = False

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> GitHubContext | None:
        """The context, None outside of GitHub Actions."""
        if environ.get("GITHUB_ACTIONS") != "true":
            return None

        def path(name: str) -> Path | None:
            return Path(environ[name]) if environ.get(name) else None

        attempt = environ.get("GITHUB_RUN_ATTEMPT", "")
        return cls(
            workspace=path("GITHUB_WORKSPACE") or Path(),
            sha=environ.get("GITHUB_SHA") or None,
            ref=environ.get("GITHUB_REF") or None,
            repository=environ.get("GITHUB_REPOSITORY") or None,
            event_name=environ.get("GITHUB_EVENT_NAME") or None,
            event_path=path("GITHUB_EVENT_PATH"),
            api_url=environ.get("GITHUB_API_URL") or "https://api.github.com",
            workflow=environ.get("GITHUB_WORKFLOW", ""),
            job=environ.get("GITHUB_JOB", ""),
            run_id=environ.get("GITHUB_RUN_ID") or None,
            run_attempt=int(attempt) if attempt.isdecimal() else 1,
            output=path("GITHUB_OUTPUT"),
            step_summary=path("GITHUB_STEP_SUMMARY"),
            debug=environ.get("RUNNER_DEBUG") == "1",
        )
