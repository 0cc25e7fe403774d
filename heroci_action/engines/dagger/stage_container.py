"""The container in which the steps of a stage start: its image, the source, its files and its caches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import dagger

from heroci_action import probes
from heroci_action.engines.dagger import volumes
from heroci_action.engines.dagger.execution import first_line
from heroci_action.engines.dagger.places import CACHES, OUTCOME, PROBES, REPORTS, ROOT
from heroci_action.engines.dagger.replay_cache import digest
from heroci_action.engines.dagger.resources import RunResources
from heroci_action.errors import EngineError
from heroci_action.plan.stages import TOOL_CACHES, Plan, Stage


def working_directory(plan: Plan) -> str:
    """Return the directory in which commands run."""
    return str(PurePosixPath(ROOT, plan.directory))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectContainer:
    """The image of a stage with the source as it was before the run, and the image's user, empty for root."""

    container: dagger.Container
    user: str


async def create_project_container(resources: RunResources, stage: Stage) -> ProjectContainer:
    """Return the base environment, or the stage's own image, with the source."""
    if stage.image:
        container = resources.client.container().from_(stage.image)
        container = container.with_env_variable("HEROCI_ROOT", ROOT)
    else:
        container = resources.built_environment
    image = _image_of(resources, stage)
    # Python's own images name no user, which means root.
    user = await _user(resources, image) if image else ""
    container = await _add_project(resources, container, user)
    return ProjectContainer(container=container, user=user)


async def create_stage_container(
    resources: RunResources, stage: Stage, project: ProjectContainer
) -> dagger.Container:
    """Return the project's container, ready for the first step of the stage."""
    container, user = project.container, project.user
    for name, text in stage.files.items():
        container = container.with_new_file(f"{REPORTS}/{name}", text, owner=user)
    needed = [name for name in resources.plan.all_needs(stage) if name in resources.outputs]
    for name in needed:
        place = working_directory(resources.plan)
        container = container.with_directory(place, resources.outputs[name], owner=user)
    image = _image_of(resources, stage)
    name = f"stage-{digest(image, stage.image, dict(stage.files), needed)}"
    container = await resources.connection.once(name, container, evaluate=True)
    return await _add_caches(resources, container, stage.caches, user)


def _image_of(resources: RunResources, stage: Stage) -> str | None:
    """Return the image that the project names for the stage, None for one of Python's own."""
    return stage.image or resources.plan.environment.image


async def _user(resources: RunResources, image: str) -> str:
    """Return the user that an image names, empty for root. Raises EngineError if the image is not available."""
    request = resources.client.container().from_(image).user()
    try:
        user = await resources.connection.ask(request)
    except dagger.QueryError as error:
        raise EngineError(
            f"the image {image!r} is not available: {first_line(error)}",
            remedy="check its name; its registry may be unreachable",
        ) from error
    return "" if user in {"root", "0", "0:0", "root:root"} else user


async def _add_project(
    resources: RunResources, container: dagger.Container, user: str
) -> dagger.Container:
    """Add the source and HeroCI's own directories, which belong to the image's user."""
    directory = str(Path(probes.__file__).parent)
    files = resources.client.host().directory(directory, include=["*.py"])
    own = await resources.connection.once("probes", files)
    recipe = await resources.recipe()
    container = (
        container.with_directory(ROOT, recipe.source, owner=user)
        .with_directory(PROBES, own)
        .with_directory(REPORTS, recipe.empty, owner=user)
        .with_workdir(working_directory(resources.plan))
    )
    if not user:
        return container
    return container.with_user(user).with_new_file(OUTCOME, "", owner=user)


async def _add_caches(
    resources: RunResources, container: dagger.Container, paths: tuple[str, ...], user: str
) -> dagger.Container:
    """Mount the directories that persist from run to run; they belong to the image's user, empty for root."""
    plan, home = resources.plan, ""
    if any("~" in path for path in paths):
        found = await resources.connection.ask(container.env_variable("HOME"))
        home = found or (f"/home/{user.partition(':')[0]}" if user else "/root")
    for path in paths:
        place = _place(plan, path, home)
        if path == TOOL_CACHES and resources.settings.fresh:
            empty = (await resources.recipe()).empty
            container = container.with_directory(place, empty, owner=user)
            continue
        (name,) = volumes.project_volumes(plan.project, (path,))
        container = await volumes.mount(
            resources.connection, container, place, name=name, owner=user
        )
    return container


def _place(plan: Plan, path: str, home: str) -> str:
    """Return where a cache of the plan is mounted."""
    if path == TOOL_CACHES:
        return CACHES
    return str(PurePosixPath(working_directory(plan), path.replace("~", home, 1)))
