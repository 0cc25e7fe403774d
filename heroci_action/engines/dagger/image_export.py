"""The production image leaves the engine: into the local Docker, or into a registry."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import anyio
import dagger

from heroci_action.engines.base import Sink, StepOutcome, Stream
from heroci_action.engines.dagger.session import DaggerSession
from heroci_action.engines.docker_errors import no_answer
from heroci_action.engines.images import dry_run, refused
from heroci_action.errors import EngineError
from heroci_action.plan.actions import ExportImage, PublishImage
from heroci_action.plan.placeholders import fill


async def export(session: DaggerSession, action: ExportImage, sink: Sink) -> StepOutcome:
    """Put the image into the local Docker. Raises EngineError where there is none."""
    tarball = session.built_image().as_tarball(media_types=dagger.ImageMediaTypes.DockerMediaTypes)
    with tempfile.TemporaryDirectory(prefix="heroci-") as scratch:
        path = str(Path(scratch, "image.tar"))
        await session.connection.ask(tarball.export(path))
        loaded = await _docker(session.engine.machine, "load", "--quiet", "--input", path)
    # It has no name yet: "Loaded image ID: sha256:…".
    found = loaded.strip().rpartition("\n")[2].partition(": ")[2]
    await _docker(session.engine.machine, "tag", found, action.name)
    sink(Stream.STDOUT, f"{found} is {action.name} in the local Docker")
    return StepOutcome(exit_code=0, facts={"exported": action.name})


async def _docker(machine: Mapping[str, str], *arguments: str) -> str:
    """What docker prints. Raises EngineError with what it said."""
    remedy = "start Docker where HeroCI runs, or remove `image.export`"
    try:
        done = await anyio.run_process(["docker", *arguments], env=machine, check=False)
    except OSError as error:
        raise EngineError(
            f"there is no docker client to export the image to: {error.strerror}", remedy=remedy
        ) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace")
        raise EngineError(f"the image was not exported: {no_answer(said)}", remedy=remedy)
    return done.stdout.decode(errors="replace")


async def publish(
    session: DaggerSession, action: PublishImage, values: Mapping[str, str], sink: Sink
) -> StepOutcome:
    """Push the image; a registry that does not take it fails the step."""
    address = fill(action.address, values)
    wrong = refused(address)
    if wrong or not action.push:
        return wrong or dry_run(address, sink)
    image = session.built_image()
    if action.username:
        password = session.engine.machine.get(action.password or "", "")
        secret = session.client.set_secret("heroci-registry-password", password)
        image = image.with_registry_auth(address, fill(action.username, values), secret)
    try:
        published = await session.connection.ask(image.publish(address))
    except dagger.QueryError as error:
        for line in str(error).splitlines():
            sink(Stream.STDERR, line)
        return StepOutcome(
            exit_code=1,
            cause=f"the registry did not take {address}",
            remedy="see the log of the step; check the address, `publish.username` and `publish.password`",
        )
    sink(Stream.STDOUT, f"pushed {published}")
    return StepOutcome(exit_code=0, facts={"published": published})
