"""What the names of images say, and how a push that is not made is told; the same on every engine."""

from __future__ import annotations

import re

from heroci_action.engines.base import Sink, StepOutcome, Stream

DOCKER_HUB = "https://index.docker.io/v1/"  # the key of Docker Hub in Docker's config.json
# distribution/reference, "Grammar": path components are lower-case, a tag has 128 characters at most.
_REFERENCE = re.compile(
    r"(?P<host>[\w.-]+(?::\d+)?/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+|/)[a-z0-9]+)*(?::\w[\w.-]{0,127})?"
)


def registry_of(address: str) -> str:
    """The registry of an image's address, as Docker's config.json calls it."""
    first, slash, _ = address.partition("/")
    named = slash and (any(sign in first for sign in ".:") or first == "localhost")
    return first if named else DOCKER_HUB


def refused(address: str) -> StepOutcome | None:
    """Why nothing can be pushed to this address; None where it is one."""
    if _REFERENCE.fullmatch(address):
        return None
    return StepOutcome(
        exit_code=1,
        cause=f"{address!r} is no address of an image",
        remedy="write it as REGISTRY/NAME:TAG in lower case; is every {env.NAME} in it set?",
    )


def dry_run(address: str, sink: Sink) -> StepOutcome:
    """Say what would be pushed."""
    how = "`heroci run --publish` does, and the action with `publish: true`"
    sink(Stream.STDOUT, f"would push {address}; {how}")
    return StepOutcome(exit_code=0, facts={"would publish": address})
