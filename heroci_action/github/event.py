"""What has happened that the workflow runs, as far as it says where a report belongs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The commit that was pushed and the pull request that it belongs to, None where the event does not tell.

    `branch` is `OWNER:BRANCH` of what is proposed, where the number of the pull request is not told: GitHub leaves it
    out of a `workflow_run` that comes from a fork.

    Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
    """

    commit: str | None = None
    pull_request: int | None = None
    branch: str | None = None

    @classmethod
    def read(cls, path: Path | None) -> Event:
        """The event of a file; one that cannot be read tells nothing."""
        try:
            content = json.loads(path.read_bytes()) if path else {}
        except (OSError, ValueError):
            content = {}
        return cls.parse(content if isinstance(content, dict) else {})

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> Event:
        """The event of a payload. On a pull request, GITHUB_SHA is a merge that nobody sees: its head is meant."""
        if pull := content.get("pull_request"):
            return cls(commit=pull["head"]["sha"], pull_request=int(pull["number"]))
        if run := content.get("workflow_run"):
            known = run.get("pull_requests") or []
            owner = (run.get("head_repository") or {}).get("owner", {}).get("login")
            return cls(
                commit=run.get("head_sha"),
                pull_request=int(known[0]["number"]) if known else None,
                branch=f"{owner}:{run['head_branch']}" if owner and not known else None,
            )
        return cls()
