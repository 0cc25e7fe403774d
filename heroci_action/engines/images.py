"""Image references, and the dry run of a push; shared by all engines."""

from __future__ import annotations

import re

from heroci_action.engines.base import Sink, StepOutcome, Stream

DOCKER_HUB = "https://index.docker.io/v1/"  # the key of Docker Hub in Docker's config.json
# distribution/reference, "Grammar": path components are lower-case, a tag has at most 128 characters.
_REFERENCE = re.compile(
    r"(?P<host>[\w.-]+(?::\d+)?/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+|/)[a-z0-9]+)*(?::\w[\w.-]{0,127})?"
)


def registry_of(reference: str) -> str:
    """Return the registry of an image reference as Docker's config.json names it."""
    first, slash, _ = reference.partition("/")
    is_host = slash and (any(sign in first for sign in ".:") or first == "localhost")
    return first if is_host else DOCKER_HUB


def check_reference(reference: str) -> StepOutcome | None:
    """Return a failed outcome if this is not a valid image reference, else None."""
    if _REFERENCE.fullmatch(reference):
        return None
    return StepOutcome(
        exit_code=1,
        cause=f"{reference!r} is not a valid image reference",
        remedy="write it as REGISTRY/NAME:TAG in lower case; is every {env.NAME} in it set?",
    )


def announce_dry_run(reference: str, sink: Sink) -> StepOutcome:
    """Print the reference that would be pushed."""
    how = "to push, use `heroci run --publish`, or `publish: true` with the action"
    sink(Stream.STDOUT, f"would push {reference}; {how}")
    return StepOutcome(exit_code=0, facts={"would publish": reference})
