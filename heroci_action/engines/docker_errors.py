"""What the docker client says when no daemon serves it, in words for a user."""

from __future__ import annotations

_DENIED = "permission denied"


def no_answer(stderr: str) -> str:
    """Why there is no Docker to use, from what the client printed."""
    text = " ".join(stderr.split())
    if _DENIED in text:
        return "this user may not use the Docker daemon's socket"
    if "Cannot connect" in text or "failed to connect" in text:
        return "no Docker daemon is running"
    return f"the Docker daemon does not answer: {text[:200] or 'it said nothing'}"


def cure(stderr: str) -> str:
    """What helps where the client printed that, without a full stop."""
    if _DENIED in stderr:
        return "let this user use the socket (on Linux by the group 'docker', then log in anew)"
    return "start Docker"
