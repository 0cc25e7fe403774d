"""What a plan depends on besides the project: the place where it is going to run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`no_image` is the reason in words why images will not be built and started, None where they will.

    `no_containers` is the same for stages that run in an image of their own.
    """

    no_image: str | None = None
    no_containers: str | None = None
