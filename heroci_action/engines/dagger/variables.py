"""The variables of a step: plain ones, and secrets, whose values are not part of the engine's cache key."""

from __future__ import annotations

from collections.abc import Mapping

import dagger

from heroci_action.engines.dagger.connection import Connection
from heroci_action.engines.dagger.replay_cache import digest
from heroci_action.engines.secret_parts import SECRET_NAME
from heroci_action.engines.secret_store import SecretStore
from heroci_action.plan.stages import Stage, Step


class Variables:
    """Adds variables to containers; if one contains a secret, it becomes a secret of the engine.

    The engine's cache key contains the name of a secret, not its value. For generated values that is intended. The
    values that the caller has set are part of HeroCI's own key (see `replay`).
    """

    def __init__(
        self, connection: Connection, secrets: SecretStore, machine: Mapping[str, str]
    ) -> None:
        self._connection = connection
        self._secrets = secrets
        self._machine_values = {value for value in machine.values() if value}

    async def add(
        self, container: dagger.Container, variables: Mapping[str, str], *, stage: Stage, step: Step
    ) -> dagger.Container:
        """Return the container with the filled variables of a step."""
        declared = {**stage.env, **step.env}
        for name, value in variables.items():
            if self._is_secret(name, value):
                secret_name = _secret_name(name, declared.get(name, value), stage)
                secret = await self.secret(secret_name, value)
                container = container.with_secret_variable(name, secret)
            else:
                container = container.with_env_variable(name, value)
        return container

    async def secret(self, name: str, value: str) -> dagger.Secret:
        """Return a secret of the engine; each name has one value per run."""
        name = f"heroci-{name}"
        return await self._connection.once(name, self._connection.client.set_secret(name, value))

    def _is_secret(self, name: str, value: str) -> bool:
        return self._secrets.reveals(value) or (
            bool(SECRET_NAME.search(name)) and value in self._machine_values
        )


def _secret_name(name: str, declared: str, stage: Stage) -> str:
    """Return the same name for the same value, in every run; the values of services differ from stage to stage."""
    in_stage = any(f"{{{service}." in declared for service in (*stage.services, "app"))
    return f"{name}-{digest(stage.name if in_stage else '', declared)[:16]}"
