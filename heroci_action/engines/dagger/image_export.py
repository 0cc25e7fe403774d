"""Export the production image from the engine: into the local Docker, or to a registry."""

from __future__ import annotations

import dagger

from heroci_action.engines.base import Sink, StepOutcome, Stream
from heroci_action.engines.dagger.resources import RunResources
from heroci_action.engines.docker import Docker
from heroci_action.errors import EngineError
from heroci_action.plan.actions import ExportImage


async def export(resources: RunResources, action: ExportImage, sink: Sink) -> StepOutcome:
    """Load the image into the local Docker. Raises EngineError if there is none."""
    docker = Docker(machine=resources.settings.machine)
    tarball = resources.built_image.as_tarball(media_types=dagger.ImageMediaTypes.DockerMediaTypes)
    path = resources.scratch / "image.tar"
    try:
        await resources.connection.ask(tarball.export(str(path)))
        loaded = await _run_docker(docker, "load", "--quiet", "--input", str(path))
    finally:
        path.unlink(missing_ok=True)
    # It has no name yet: "Loaded image ID: sha256:…".
    identifier = loaded.strip().rpartition("\n")[2].partition(": ")[2]
    await _run_docker(docker, "tag", identifier, action.name)
    sink(Stream.STDOUT, f"exported {identifier} to the local Docker as {action.name}")
    return StepOutcome(exit_code=0, facts={"exported": action.name})


async def _run_docker(docker: Docker, *arguments: str) -> str:
    """Return the output of docker. Raises EngineError with the reason if it fails."""
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
    resources: RunResources, reference: str, *, login: tuple[str, str] | None, sink: Sink
) -> StepOutcome:
    """Push the image; if the registry refuses it, the step fails."""
    image = resources.built_image
    if login:
        user, password = login
        secret = await resources.variables.secret("registry-password", password)
        image = image.with_registry_auth(reference, user, secret)
    try:
        published = await resources.connection.ask(image.publish(reference))
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
