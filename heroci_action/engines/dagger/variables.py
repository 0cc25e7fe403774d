"""The variables of a step: plain ones, and secrets, whose values are not part of the engine's cache key."""

from __future__ import annotations

from collections.abc import Mapping

import dagger

from heroci_action.engines.dagger.connection import Connection
from heroci_action.engines.dagger.sdk import identify
from heroci_action.engines.secret_store import SECRET_NAME, SecretStore


class Variables:
    """Adds variables to containers; those that contain a secret become secrets of the engine.

    The engine's cache key contains the name of a secret, not its value. For generated values that is intended. The
    values that the caller has set are part of HeroCI's own key (see `replay`).
    """

    def __init__(
        self, connection: Connection, secrets: SecretStore, machine: Mapping[str, str]
    ) -> None:
        self._connection = connection
        self._secrets = secrets
        self._machine_values = {value for value in machine.values() if value}
        self._known: dict[tuple[str, str], dagger.Secret] = {}

    async def add(
        self, container: dagger.Container, variables: Mapping[str, str], *, stage: str
    ) -> dagger.Container:
        """Return the container with these variables."""
        for name, value in variables.items():
            if self._is_secret(name, value):
                secret = await self.secret(f"{stage}-{name}", value)
                container = container.with_secret_variable(name, secret)
            else:
                container = container.with_env_variable(name, value)
        return container

    async def secret(self, name: str, value: str) -> dagger.Secret:
        """Return a secret of the engine; each is created once per run."""
        key = (name, value)
        if key not in self._known:
            secret = self._connection.client.set_secret(f"heroci-{name}", value)
            self._known[key] = await self._connection.ask(identify(secret))
        return self._known[key]

    def _is_secret(self, name: str, value: str) -> bool:
        return self._secrets.reveals(value) or (
            bool(SECRET_NAME.search(name)) and value in self._machine_values
        )
