"""The secrets of a run: what is masked in everything that leaves an engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from heroci_action.engines.base import Sink, Stream
from heroci_action.errors import EngineError
from heroci_action.masking import Masker
from heroci_action.plan.actions import BuildImage
from heroci_action.plan.stages import Plan, Stage

Announce = Callable[[str], None]
"""Is told each single line that has to be masked elsewhere too, such as in the log of a job."""

SECRET_NAME = re.compile(r"secret|token|passw|key|credential|dsn|auth", re.IGNORECASE)
_FROM_MACHINE = re.compile(r"\{env\.(\w+)\}")


def ignore(_line: str) -> None:
    """Announces to nobody."""


class SecretStore:
    """Secrets that are known from the start, and those that turn up when services start."""

    def __init__(self, announce: Announce, *values: str) -> None:
        self._announce = announce
        self._values: tuple[str, ...] = ()
        self.add(*values)

    def add(self, *values: str) -> None:
        """Mask these from now on."""
        for line in Masker(values).values:
            self._announce(line)
        self._values += values

    def masked(self, sink: Sink) -> Sink:
        """The sink behind the mask; secrets that are added later are masked as well."""

        def write(stream: Stream, line: str) -> None:
            sink(stream, Masker(self._values).mask(line))

        return write


def declared_secrets(plan: Plan, machine: Mapping[str, str]) -> Iterator[str]:
    """What the plan takes from the caller's environment as a secret, or under a name that sounds like one."""
    for stage in plan.stages:
        yield from (machine[name] for name in secret_names(stage) if machine.get(name))
    variables = [stage.env for stage in plan.stages]
    variables += [step.env for stage in plan.stages for step in stage.steps]
    for name, value in (item for env in variables for item in env.items()):
        for source in _FROM_MACHINE.findall(value):
            if machine.get(source) and (SECRET_NAME.search(source) or SECRET_NAME.search(name)):
                yield machine[source]


def secret_names(stage: Stage) -> tuple[str, ...]:
    """The variables of the caller that a stage declares as secrets."""
    builds = (step.action for step in stage.steps if isinstance(step.action, BuildImage))
    return (*stage.secrets, *(name for build in builds for name in build.secrets))


def require_secrets(stage: Stage, machine: Mapping[str, str]) -> None:
    """Raise EngineError where the caller has not set what the stage declares: an empty password helps nobody."""
    missing = [name for name in secret_names(stage) if not machine.get(name)]
    if missing:
        raise EngineError(
            f"stage {stage.name!r} needs {', '.join(missing)}, which the caller has not set",
            remedy="set it in the environment that HeroCI is started in (on GitHub: `env:` of the step)",
        )
