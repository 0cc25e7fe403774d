"""The stage `publish`: push an image that has passed every other stage to a registry, if configured."""

from __future__ import annotations

from collections.abc import Iterable

from heroci_action.pipeline.image import NAME as IMAGE
from heroci_action.plan.actions import PublishImage
from heroci_action.plan.stages import Stage, Step
from heroci_action.project import ProjectConfig

NAME = "publish"


def stages(loaded: ProjectConfig, others: Iterable[Stage]) -> tuple[Stage, ...]:
    """Return the stage if the project has an address to push to; by default, it needs all stages that will run."""
    config = loaded.config.publish
    if config is None:
        return ()
    running = (stage.name for stage in others if stage.skip is None and not stage.optional)
    action = PublishImage(
        address=config.address,
        username=config.username,
        password=config.password,
        push=config.push,
    )
    return (
        Stage(
            name=NAME,
            emoji="🚀",
            # The image is always needed: without one, the stage is skipped with the reason why there is none.
            needs=config.needs or tuple(dict.fromkeys((*running, IMAGE))),
            steps=(Step(name="push" if config.push else "dry run", action=action),),
            secrets=(config.password,) if config.password and config.push else (),
        ),
    )
