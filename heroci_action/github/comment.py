"""One comment on a pull request, found again and updated by later runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heroci_action.github.api import Api, ApiError

MAX_BODY = 65_000
"""Bytes; GitHub takes 65,536 characters."""
FORBIDDEN, NOT_FOUND, SERVER_ERROR = 403, 404, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What to say on which pull request; comments with the same `source` replace each other."""

    number: int
    source: str
    text: str

    @property
    def marker(self) -> str:
        """The first line, by which it is found again; the source may hold anything, so it is hashed."""
        return f"<!-- heroci:{hashlib.sha256(self.source.encode()).hexdigest()[:16]} -->"

    @property
    def body(self) -> str:
        """The whole text."""
        return f"{self.marker}\n{self.text}"


def publish_comment(api: Api, comment: Comment) -> None:
    """Update the comment, make it where there is none. Raises ApiError."""
    mine = _find(api, comment)
    if mine is not None and _updated(api, mine, comment):
        return
    path = api.repository(f"issues/{comment.number}/comments")
    try:
        api.post(path, {"body": comment.body}, repeatable=False)
    except ApiError as error:
        # An answer that got lost: it may be there nonetheless, and a second one must not be.
        lost = error.status is None or error.status >= SERVER_ERROR
        mine = _find(api, comment) if lost else None
        if mine is None:
            raise


def _updated(api: Api, number: int, comment: Comment) -> bool:
    """False where somebody has deleted it meanwhile."""
    try:
        api.patch(api.repository(f"issues/comments/{number}"), {"body": comment.body})
    except ApiError as error:
        if error.status == NOT_FOUND:
            return False
        raise
    return True


def _find(api: Api, comment: Comment) -> int | None:
    """The id of our comment, which anybody could imitate: it counts only where we have written it."""
    path = api.repository(f"issues/{comment.number}/comments")
    found = [one for one in api.pages(path) if str(one["body"]).startswith(comment.marker)]
    if not found:
        return None
    login = _login(api)
    return next((int(one["id"]) for one in found if _is_mine(one, login)), None)


def _login(api: Api) -> str | None:
    """Whose token it is; that of an app, such as github.token, may not ask."""
    try:
        return str(api.get("user")["login"])
    except ApiError as error:
        if error.status == FORBIDDEN:
            return None
        raise


def _is_mine(comment: Mapping[str, Any], login: str | None) -> bool:
    author = comment.get("user") or {}
    return author.get("login") == login if login else author.get("type") == "Bot"
