"""Publish one comment on a pull request that later runs update."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heroci_action.github.api import Api, ApiError

MAX_BODY = 65_000
"""Bytes; GitHub accepts 65,536 characters."""
FORBIDDEN, NOT_FOUND, SERVER_ERROR = 403, 404, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment on the pull request `number`; comments with the same `source` replace each other."""

    number: int
    source: str
    text: str

    @property
    def marker(self) -> str:
        """The first line, which identifies the comment; the source is hashed because it may contain anything."""
        return f"<!-- heroci:{hashlib.sha256(self.source.encode()).hexdigest()[:16]} -->"

    @property
    def body(self) -> str:
        """The text with its marker."""
        return f"{self.marker}\n{self.text}"


def publish_comment(api: Api, comment: Comment) -> None:
    """Update the comment, or create it. Raise ApiError."""
    mine = _find(api, comment)
    if mine is not None and _update(api, mine, comment):
        return
    path = api.repository(f"issues/{comment.number}/comments")
    try:
        api.post(path, {"body": comment.body}, repeatable=False)
    except ApiError as error:
        # If only the answer was lost, the comment exists, and there must not be a second one.
        lost = error.status is None or error.status >= SERVER_ERROR
        mine = _find(api, comment) if lost else None
        if mine is None:
            raise


def _update(api: Api, number: int, comment: Comment) -> bool:
    """Update a comment; return False if it has been deleted in the meantime."""
    try:
        api.patch(api.repository(f"issues/comments/{number}"), {"body": comment.body})
    except ApiError as error:
        if error.status == NOT_FOUND:
            return False
        raise
    return True


def _find(api: Api, comment: Comment) -> int | None:
    """Return the id of the existing comment; a comment with our marker but another author does not count."""
    path = api.repository(f"issues/{comment.number}/comments")
    found = [one for one in api.pages(path) if str(one["body"]).startswith(comment.marker)]
    if not found:
        return None
    login = _login(api)
    return next((int(one["id"]) for one in found if _is_mine(one, login)), None)


def _login(api: Api) -> str | None:
    """Return the login of the token's user; None for an app's token, such as github.token, which may not ask."""
    try:
        return str(api.get("user")["login"])
    except ApiError as error:
        if error.status == FORBIDDEN:
            return None
        raise


def _is_mine(comment: Mapping[str, Any], login: str | None) -> bool:
    author = comment.get("user") or {}
    return author.get("login") == login if login else author.get("type") == "Bot"
