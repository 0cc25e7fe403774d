"""The environment that GitHub's runner provides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubContext:
    """The variables that HeroCI uses; None if the runner does not set one.

    `base_ref` is the branch that a pull request targets, as actions/checkout names it.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """

    workspace: Path
    sha: str | None = None
    base_ref: str | None = None
    repository: str | None = None
    server_url: str = "https://github.com"
    event_path: Path | None = None
    api_url: str = "https://api.github.com"
    workflow: str = ""
    job: str = ""
    run_attempt: int = 1
    output: Path | None = None
    step_summary: Path | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> GitHubContext | None:
        """Return the context, or None outside GitHub Actions."""
        if environ.get("GITHUB_ACTIONS") != "true":
            return None

        def path(name: str) -> Path | None:
            return Path(environ[name]) if environ.get(name) else None

        attempt = environ.get("GITHUB_RUN_ATTEMPT", "")
        base = environ.get("GITHUB_BASE_REF")
        return cls(
            workspace=path("GITHUB_WORKSPACE") or Path(),
            sha=environ.get("GITHUB_SHA") or None,
            base_ref=f"origin/{base}" if base else None,
            repository=environ.get("GITHUB_REPOSITORY") or None,
            server_url=environ.get("GITHUB_SERVER_URL") or "https://github.com",
            event_path=path("GITHUB_EVENT_PATH"),
            api_url=environ.get("GITHUB_API_URL") or "https://api.github.com",
            workflow=environ.get("GITHUB_WORKFLOW", ""),
            job=environ.get("GITHUB_JOB", ""),
            run_attempt=int(attempt) if attempt.isdecimal() else 1,
            output=path("GITHUB_OUTPUT"),
            step_summary=path("GITHUB_STEP_SUMMARY"),
        )

    def code_url(self, commit: str | None) -> str:
        """Return the address of the repository's files at a commit; empty if it is unknown."""
        known = commit or self.sha
        if not (self.repository and known):
            return ""
        return f"{self.server_url}/{self.repository}/blob/{known}"
