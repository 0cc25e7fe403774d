"""Pushes an image from the local Docker to a registry, with credentials that are gone afterwards."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

from heroci_action.engines.base import Sink, StepOutcome
from heroci_action.engines.docker import Docker
from heroci_action.engines.images import registry_of


async def push(
    docker: Docker, image: str, address: str, *, login: tuple[str, str] | None, sink: Sink
) -> StepOutcome:
    """Push; without a login by what the user's own docker client knows."""
    tagged = await docker.execute("tag", image, address, sink=sink)
    if tagged:
        return StepOutcome(exit_code=tagged)
    try:
        code = await _push(docker, address, login=login, sink=sink)
        facts = {} if code else {"published": await _digest(docker, address)}
    finally:
        await docker.capture("image", "rm", address)
    return StepOutcome(exit_code=code, facts=facts)


async def _push(docker: Docker, address: str, *, login: tuple[str, str] | None, sink: Sink) -> int:
    if login is None:
        return await docker.execute("push", address, sink=sink)
    # The user's own settings are left alone, but for the daemon that they name.
    context = ("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    host = (await docker.capture(*context)).stdout.strip()
    home = docker.scratch / f"docker-{secrets.token_hex(4)}"
    home.mkdir(mode=0o700)
    _write_login(home, registry_of(address), login)
    daemon = ("--host", host) if host else ()
    return await docker.execute("--config", str(home), *daemon, "push", address, sink=sink)


def _write_login(home: Path, registry: str, login: tuple[str, str]) -> None:
    auth = base64.b64encode(":".join(login).encode()).decode()
    file = home / "config.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"auths": {registry: {"auth": auth}}}))


async def _digest(docker: Docker, address: str) -> str:
    """The address with the digest that the registry knows it by."""
    found = await docker.capture(
        "image", "inspect", "--format", '{{join .RepoDigests "\\n"}}', address
    )
    name = address.rpartition(":")[0] if ":" in address.rpartition("/")[2] else address
    lines = [line for line in found.stdout.split() if line.startswith(f"{name}@")]
    return next(iter(lines), address)
