"""The production image leaves the engine: into the local Docker, or into a registry."""

from __future__ import annotations

import tempfile
from pathlib import Path

import dagger

from heroci_action.engines.base import Sink, StepOutcome, Stream
from heroci_action.engines.dagger.session import DaggerSession
from heroci_action.engines.docker import Docker
from heroci_action.errors import EngineError
from heroci_action.plan.actions import ExportImage


async def export(session: DaggerSession, action: ExportImage, sink: Sink) -> StepOutcome:
    """Put the image into the local Docker. Raises EngineError where there is none."""
    docker = Docker(machine=session.engine.machine)
    tarball = session.built_image().as_tarball(media_types=dagger.ImageMediaTypes.DockerMediaTypes)
    with tempfile.TemporaryDirectory(prefix="heroci-") as scratch:
        path = str(Path(scratch, "image.tar"))
        await session.connection.ask(tarball.export(path))
        loaded = await _docker(docker, "load", "--quiet", "--input", path)
    # It has no name yet: "Loaded image ID: sha256:…".
    found = loaded.strip().rpartition("\n")[2].partition(": ")[2]
    await _docker(docker, "tag", found, action.name)
    sink(Stream.STDOUT, f"{found} is {action.name} in the local Docker")
    return StepOutcome(exit_code=0, facts={"exported": action.name})


async def _docker(docker: Docker, *arguments: str) -> str:
    """Return the output of docker. Raise EngineError with the reason if it fails."""
    remedy = "start Docker where HeroCI runs, or remove `image.export`"
    problem = await docker.problem()
    if problem:
        raise EngineError(f"the image was not exported: {problem.cause}", remedy=remedy)
    done = await docker.capture(*arguments)
    if done.exit_code:
        reason = done.stderr.strip() or f"docker exited with code {done.exit_code}"
        raise EngineError(f"the image was not exported: {reason}", remedy=remedy)
    return done.stdout


async def push(
    session: DaggerSession, reference: str, login: tuple[str, str] | None, sink: Sink
) -> StepOutcome:
    """Push the image; if the registry refuses it, the step fails."""
    image = session.built_image()
    if login:
        user, password = login
        secret = session.client.set_secret("heroci-registry-password", password)
        image = image.with_registry_auth(reference, user, secret)
    try:
        published = await session.connection.ask(image.publish(reference))
    except dagger.QueryError as error:
        for line in str(error).splitlines():
            sink(Stream.STDERR, line)
        return StepOutcome(
            exit_code=1,
            cause=f"the registry refused {reference}",
            remedy="see the log of the step; check the address, `publish.username` and `publish.password`",
        )
    sink(Stream.STDOUT, f"pushed {published}")
    return StepOutcome(exit_code=0, facts={"published": published})
