"""The stage `image`: build the production image, start it with a database, and check its health and deployment."""

from __future__ import annotations

from collections.abc import Iterator

from heroci_action.config.model import ImageConfig
from heroci_action.pipeline.run_context import RunContext
from heroci_action.pipeline.variables import server_env
from heroci_action.plan.actions import BuildImage, Command, ExportImage, RunsIn, Serve
from heroci_action.plan.stages import Stage, Step
from heroci_action.project import ProjectConfig

NAME = "image"
HEALTHY_WITHIN = 90.0  # seconds


def build(loaded: ProjectConfig, context: RunContext) -> Stage:
    """Build the image, migrate the database, start the application and check it."""
    services = tuple(loaded.config.services)
    return Stage(
        name=NAME,
        services=services,
        env=server_env(loaded, services),
        steps=tuple(_steps(loaded)),
        confined_to=build_action(loaded),
        skip=skip_reason(loaded, context),
    )


def build_action(loaded: ProjectConfig) -> BuildImage | None:
    """Return the build of the image, None if there is none."""
    image = loaded.config.image
    if not isinstance(image, ImageConfig) or image.dockerfile is None:
        return None
    return BuildImage(
        dockerfile=image.dockerfile,
        context=image.context,
        target=image.target,
        build_args=image.build_args,
        secrets=image.secrets,
    )


def skip_reason(loaded: ProjectConfig, context: RunContext) -> str | None:
    """Return why there will be no image, None if there will be one."""
    image = loaded.config.image
    if image is False:
        return "disabled by `image = false`"
    if image is None or image.dockerfile is None:
        return loaded.facts.skips.get("image", "the project has no Dockerfile")
    return context.no_image


def _steps(loaded: ProjectConfig) -> Iterator[Step]:
    image, action = loaded.config.image, build_action(loaded)
    if not isinstance(image, ImageConfig) or action is None:
        return
    yield Step(name="build", action=action)
    if loaded.config.services:
        yield Step(name="migrate", action=manage(loaded, "migrate", "--noinput"))
    yield serve(loaded, image)
    yield Step(name="check --deploy", action=manage(loaded, "check", "--deploy"))
    if image.export:
        yield Step(name="export", action=ExportImage(name=image.export))


def serve(loaded: ProjectConfig, image: ImageConfig) -> Step:
    """Return the step that starts the image and waits until it is healthy."""
    action = Serve(
        runs_in=RunsIn.IMAGE,
        command=image.command,
        port=loaded.facts.image_port,
        health=image.health or loaded.facts.health,
        within=HEALTHY_WITHIN,
    )
    return Step(name="start", action=action)


def manage(loaded: ProjectConfig, *arguments: str) -> Command:
    """Return a command of manage.py that runs in the image."""
    return Command(line=("python", loaded.facts.image_manage, *arguments), runs_in=RunsIn.IMAGE)
