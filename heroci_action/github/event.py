"""Read the event that triggered the workflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The commit that was pushed and its pull request; None if the event does not contain it.

    `branch` is `OWNER:BRANCH` of the proposed commit if the number of the pull request is unknown: GitHub omits it from
    a `workflow_run` that comes from a fork.

    Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
    """

    commit: str | None = None
    pull_request: int | None = None
    branch: str | None = None

    @classmethod
    def read(cls, path: Path | None) -> Event:
        """Read the event from a file; return an empty event if it is not as GitHub documents it."""
        try:
            return cls.parse(json.loads(path.read_bytes())) if path else cls()
        except (
            OSError,
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            IndexError,
            RecursionError,
        ):
            return cls()

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> Event:
        """Return the event of a payload; for a pull request its head, because GITHUB_SHA is a temporary merge."""
        if pull := content.get("pull_request"):
            return cls(commit=str(pull["head"]["sha"]), pull_request=int(pull["number"]))
        if run := content.get("workflow_run"):
            known = run.get("pull_requests") or []
            owner = (run.get("head_repository") or {}).get("owner", {}).get("login")
            return cls(
                commit=run.get("head_sha"),
                pull_request=int(known[0]["number"]) if known else None,
                branch=f"{owner}:{run['head_branch']}" if owner and not known else None,
            )
        return cls()
