"""The production image: built by the engine from the project's own Dockerfile."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import dagger

from heroci_action.engines import commands
from heroci_action.engines.base import Sink, StepOutcome, Stream
from heroci_action.engines.dagger.execution import SALT, first_line
from heroci_action.engines.dagger.replay_cache import new_salt
from heroci_action.engines.dagger.session import DaggerSession
from heroci_action.engines.dagger.telemetry import Output
from heroci_action.plan.actions import BuildImage

_DOCKERFILE = ".heroci.Dockerfile"
# What a build argument holds is part of the cache key of every RUN behind its declaration, stage by stage.
_SALTED = re.compile(r"^[ \t]*FROM[ \t].*$", re.IGNORECASE | re.MULTILINE)
# Prints the sum of the layers as a registry would unpack them, and their number (OCI image layout).
_MEASURE = """
import json, sys, tarfile
with tarfile.open("/image.tar") as tar:
    def read(digest):
        return json.load(tar.extractfile("blobs/" + digest.replace(":", "/")))
    index = json.load(tar.extractfile("index.json"))
    manifest = read(index["manifests"][0]["digest"])
    while "manifests" in manifest:
        manifest = read(manifest["manifests"][0]["digest"])
    print(sum(layer["size"] for layer in manifest["layers"]), len(manifest["layers"]))
"""


async def build(session: DaggerSession, action: BuildImage, sink: Sink) -> StepOutcome:
    """Build the image; a Dockerfile that does not build is a failed step."""
    source = await session.source()
    context = source if action.context in ("", ".") else source.directory(action.context)
    dockerfile = PurePosixPath(action.dockerfile)
    if dockerfile.is_relative_to(action.context or "."):
        name = str(dockerfile.relative_to(action.context or "."))
    else:
        name = _DOCKERFILE
        context = context.with_file(name, source.file(action.dockerfile))
    arguments = [dagger.BuildArg(name=key, value=value) for key, value in action.build_args.items()]
    if session.engine.fresh:
        salted = _SALTED.sub(rf"\g<0>\nARG {SALT}", await _text(session, context, name))
        context = context.with_new_file(name, salted)
        arguments.append(dagger.BuildArg(name=SALT, value=new_salt()))
    output = Output(sink)
    try:
        with session.connection.telemetry.observed(output) as seen:
            built = context.docker_build(
                dockerfile=name,
                target=action.target or "",
                build_args=arguments,
                secrets=[
                    session.client.set_secret(each, session.engine.machine[each])
                    for each in action.secrets
                ],
            )
            if (
                action.secrets
            ):  # the container that was built still has them mounted, the image has not
                built = session.client.container().import_(built.as_tarball())
            session.image = await session.connection.ask(built.sync())
        output.rest()
        # Outside: what measures is no part of the build, neither of its output nor of what was executed.
        facts = await _facts(session, session.image)
    except dagger.ExecError as error:
        output.complete(error.stdout, error.stderr)
        return StepOutcome(exit_code=error.exit_code)
    except dagger.QueryError as error:
        for line in str(error).splitlines():
            sink(Stream.STDERR, line)
        return StepOutcome(exit_code=1, cause=first_line(error))
    return StepOutcome(
        exit_code=0, cached=not session.connection.telemetry.executed(seen), facts=facts
    )


async def _text(session: DaggerSession, context: dagger.Directory, name: str) -> str:
    """The Dockerfile; one that is not there is the build's to report."""
    try:
        return await session.connection.ask(context.file(name).contents())
    except dagger.QueryError:
        return ""


async def _facts(session: DaggerSession, image: dagger.Container) -> dict[str, str]:
    tarball = image.as_tarball(forced_compression=dagger.ImageLayerCompression.Uncompressed)
    measured = (
        (await session.recipe())
        .image()
        .with_mounted_file("/image.tar", tarball)
        .with_exec(["python", "-c", _MEASURE])
    )
    size, _, layers = (await session.connection.ask(measured.stdout())).strip().partition(" ")
    return {"image size": f"{int(size) / 1e6:.1f} MB", "image layers": layers}


async def passes_on(session: DaggerSession, image: dagger.Container) -> bool:
    """Whether a command in this image has to go through its entry point."""
    return commands.forwards_command(await session.connection.ask(image.entrypoint()))
