"""The production image on the host engine: built by the local Docker, and pushed to a registry from there."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

from heroci_action.engines.base import Sink, StepOutcome
from heroci_action.engines.docker import Build, Docker
from heroci_action.engines.host.resources import RunResources
from heroci_action.engines.host.tools import fetch_buildx
from heroci_action.engines.images import registry_of
from heroci_action.plan.actions import BuildImage

DEFAULT_PORT = 8000  # Django's own


async def build(
    resources: RunResources, action: BuildImage, sink: Sink
) -> tuple[StepOutcome, str | None]:
    """Build the image; return the outcome and its tag, None if the build failed."""
    settings, docker = resources.settings, resources.docker
    wanted = Build(
        dockerfile=settings.root / action.dockerfile,
        context=settings.root / action.context,
        tag=f"heroci-{resources.workspace.run}:latest",
        target=action.target,
        arguments=action.build_args,
        secrets=action.secrets,
        fresh=settings.fresh,
    )
    await fetch_buildx(docker, sink)
    code = await docker.build(wanted, sink)
    if code:
        return StepOutcome(exit_code=code), None
    return StepOutcome(exit_code=0, facts=await _facts(docker, wanted.tag)), wanted.tag


async def _facts(docker: Docker, tag: str) -> dict[str, str]:
    found = await docker.inspect("image", "{{.Size}} {{len .RootFS.Layers}}", tag)
    size, _, layers = (found or "").partition(" ")
    if not size.isdigit():
        return {}
    return {"image size": f"{int(size) / 1e6:.1f} MB", "image layers": layers}


async def push(
    docker: Docker, image: str, reference: str, *, login: tuple[str, str] | None, sink: Sink
) -> StepOutcome:
    """Push the image; without a login, use the credentials of the user's own docker client."""
    tagged = await docker.execute("tag", image, reference, sink=sink)
    if tagged:
        return StepOutcome(exit_code=tagged)
    try:
        code = await _push(docker, reference, login=login, sink=sink)
        facts = {} if code else {"published": await _digest(docker, reference)}
    finally:
        await docker.capture("image", "rm", reference)
    return StepOutcome(exit_code=code, facts=facts)


async def _push(
    docker: Docker, reference: str, *, login: tuple[str, str] | None, sink: Sink
) -> int:
    if login is None:
        return await docker.execute("push", reference, sink=sink)
    # The login is written to a temporary configuration, which must keep the user's choice of a daemon.
    context = ("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    host = (await docker.capture(*context)).stdout.strip()
    home = docker.scratch / f"docker-{secrets.token_hex(4)}"
    home.mkdir(mode=0o700)
    _write_login(home, registry_of(reference), login)
    daemon = ("--host", host) if host else ()
    return await docker.execute("--config", str(home), *daemon, "push", reference, sink=sink)


def _write_login(home: Path, registry: str, login: tuple[str, str]) -> None:
    auth = base64.b64encode(":".join(login).encode()).decode()
    file = home / "config.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"auths": {registry: {"auth": auth}}}))


async def _digest(docker: Docker, reference: str) -> str:
    """Return the reference with the digest that the registry has for it."""
    found = await docker.inspect("image", '{{join .RepoDigests "\\n"}}', reference)
    has_tag = ":" in reference.rpartition("/")[2]
    name = reference.rpartition(":")[0] if has_tag else reference
    lines = [line for line in (found or "").split() if line.startswith(f"{name}@")]
    return next(iter(lines), reference)
