"""The production image: built by the engine from the project's own Dockerfile."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import dagger

from heroci_action.engines.base import Sink, StepOutcome, Stream
from heroci_action.engines.commands import forwards_command
from heroci_action.engines.dagger.execution import first_line, refused
from heroci_action.engines.dagger.places import SALT
from heroci_action.engines.dagger.replay_cache import new_salt
from heroci_action.engines.dagger.resources import RunResources
from heroci_action.engines.dagger.telemetry import Output
from heroci_action.plan.actions import BuildImage

# The engine's error for an image that it could not find, which is not a fault of the Dockerfile's commands.
_UNRESOLVED = "failed to resolve source metadata"
_DOCKERFILE = ".heroci.Dockerfile"
# The value of a build argument is part of the cache key of every later RUN in the same stage of the build.
_FROM = re.compile(r"^[ \t]*FROM[ \t].*$", re.IGNORECASE | re.MULTILINE)
# Prints the bytes of all files; mounting the image costs the engine nothing, while exporting it costs its whole size.
_MEASURE = """
import os, stat
total, seen = 0, set()
for directory, _, files in os.walk("/image"):
    for name in files:
        found = os.lstat(os.path.join(directory, name))
        if stat.S_ISREG(found.st_mode) and (found.st_dev, found.st_ino) not in seen:
            seen.add((found.st_dev, found.st_ino))
            total += found.st_size
print(total)
"""


async def build(resources: RunResources, action: BuildImage, sink: Sink) -> StepOutcome:
    """Build the image; if its Dockerfile does not build, the step fails."""
    connection = resources.connection
    output = Output(sink)
    try:
        with connection.telemetry.observe(output, "build") as span:
            built = await _define(resources, action)
            resources.image = await connection.evaluate(built)
        output.flush()
        # Outside of the span, because the measurement is not part of the build.
        facts = await _measure(resources)
    except dagger.ExecError as error:
        output.complete(error.stdout, error.stderr)
        return StepOutcome(exit_code=error.exit_code)
    except dagger.QueryError as error:
        for line in str(error).splitlines():
            sink(Stream.STDERR, line)
        if _UNRESOLVED in str(error):
            raise refused(error) from error
        return StepOutcome(exit_code=1, cause=first_line(error))
    return StepOutcome(exit_code=0, cached=not connection.telemetry.executed(span), facts=facts)


async def _define(resources: RunResources, action: BuildImage) -> dagger.Container:
    client, machine = resources.client, resources.settings.machine
    context, dockerfile = await _context(resources, action)
    arguments = [dagger.BuildArg(name=key, value=value) for key, value in action.build_args.items()]
    if resources.settings.fresh:
        text = _FROM.sub(rf"\g<0>\nARG {SALT}", await _read(resources, context, dockerfile))
        context = context.with_new_file(dockerfile, text)
        arguments.append(dagger.BuildArg(name=SALT, value=new_salt()))
    built = context.docker_build(
        dockerfile=dockerfile,
        target=action.target or "",
        build_args=arguments,
        secrets=[client.set_secret(name, machine[name]) for name in action.secrets],
    )
    # The container still has the secrets mounted, the image does not.
    return client.container().import_(built.as_tarball()) if action.secrets else built


async def _context(resources: RunResources, action: BuildImage) -> tuple[dagger.Directory, str]:
    """Return the build context and the path of the Dockerfile in it; a Dockerfile outside of it is copied in."""
    source = await resources.source()
    root = action.context or "."
    context = source if root == "." else source.directory(root)
    dockerfile = PurePosixPath(action.dockerfile)
    if dockerfile.is_relative_to(root):
        return context, str(dockerfile.relative_to(root))
    return context.with_file(_DOCKERFILE, source.file(action.dockerfile)), _DOCKERFILE


async def _read(resources: RunResources, context: dagger.Directory, name: str) -> str:
    """Return the content of the Dockerfile; if there is none, the build reports it."""
    try:
        return await resources.connection.ask(context.file(name).contents())
    except dagger.QueryError:
        return ""


async def _measure(resources: RunResources) -> dict[str, str]:
    container = await resources.shell()
    measured = container.with_mounted_directory("/image", await resources.image_files())
    text = measured.with_exec(["python", "-c", _MEASURE]).stdout()
    size = int(await resources.connection.ask(text))
    return {"image size": f"{size / 1e6:.1f} MB"}


async def needs_entrypoint(resources: RunResources) -> bool:
    """Return whether a command in the image has to go through its entry point; the engine is asked once."""
    if resources.image_entrypoint is None:
        request = resources.built_image.entrypoint()
        resources.image_entrypoint = tuple(await resources.connection.ask(request))
    return forwards_command(resources.image_entrypoint)
