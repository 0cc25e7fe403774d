"""The secrets of a run: everything that leaves an engine is masked by them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from heroci_action.engines.base import Sink, Stream
from heroci_action.engines.lines import LONGEST_LINE
from heroci_action.engines.secret_parts import SECRET_NAME, secret_parts
from heroci_action.errors import EngineError
from heroci_action.masking.disguises import without_colours
from heroci_action.masking.masker import Masker
from heroci_action.plan.actions import BuildImage
from heroci_action.plan.caller_variables import find_references
from heroci_action.plan.stages import Plan, Stage

Announce = Callable[[str], None]
"""Callback that receives every line of a secret, so that other logs can mask it too."""

LONGEST_CODE = 8  # characters of a colour code
MIN_UNDECLARED = 8
# Facts about the machine and the job, such as GITHUB_SHA; the names of GitHub's tokens match SECRET_NAME.
_PUBLIC_NAME = re.compile(
    r"(?:GITHUB|RUNNER)_\w+|CI|HOME|HOSTNAME|LANG|LOGNAME|PATH|PWD|SHELL|TERM|TMPDIR|TZ|USER"
)


def ignore(_line: str) -> None:
    """Announce nothing."""


class SecretStore:
    """The secrets of a run: known from the start, or generated when services start."""

    def __init__(self, announce: Announce = ignore, *values: str) -> None:
        self._announce = announce
        self._values: dict[str, None] = {}
        self._masker = Masker(())
        self.add(*values)

    def add(self, *values: str) -> None:
        """Mask these values and the secrets inside them from now on."""
        values = tuple(part for value in values for part in (value, *secret_parts(value)))
        new = [value for value in dict.fromkeys(values) if value and value not in self._values]
        for line in Masker(new).values:
            self._announce(line)
        if new:
            self._values |= dict.fromkeys(new)
            self._masker = Masker(self._values)

    def mask(self, text: str) -> str:
        """Return the text without secrets."""
        return self._masker.mask(text)

    def reveals(self, text: str) -> bool:
        """Return whether the text contains a secret."""
        return self._masker.reveals(text)

    def split(self, text: str) -> int:
        """Return a position at which an unfinished text can be cut without dividing a secret."""
        # A secret with a colour code after each character is still found if it fits into the part that is held back.
        cut = max(len(text) - min(LONGEST_CODE * self._masker.longest, LONGEST_LINE), 0)
        for start, stop in self._masker.spans(text):
            if start < cut < stop:
                return start
        return cut


class MaskedSink:
    """A sink that masks all secrets, later ones included, and passes the lines on.

    A long line arrives in pieces (see `lines.LONGEST_LINE`); its end is held back until the next piece, so that a
    secret is masked even if it was cut in two.
    """

    def __init__(self, sink: Sink, secrets: SecretStore) -> None:
        self._sink = sink
        self._secrets = secrets
        self._held: dict[Stream, str] = {}

    def __call__(self, stream: Stream, line: str) -> None:
        """Mask a line, or a piece of one."""
        continues = len(line) >= LONGEST_LINE
        held = self._held.pop(stream, "")
        if not (continues or held):
            self._sink(stream, self._secrets.mask(line))
            return
        text = without_colours(held + line)
        cut = self._secrets.split(text) if continues else len(text)
        if continues:
            self._held[stream] = text[cut:]
        if cut:
            self._sink(stream, self._secrets.mask(text[:cut]))

    def flush(self) -> None:
        """Pass on the text that is still held back."""
        for stream, text in self._held.items():
            self._sink(stream, self._secrets.mask(text))
        self._held.clear()


def declared_secrets(plan: Plan, machine: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of the caller's environment that the plan uses and that are not public."""
    for stage in plan.stages:
        yield from (machine[name] for name in secret_names(stage) if machine.get(name))
    for name in set(find_references(plan)):
        value = machine.get(name, "")
        if name not in plan.public_variables and _may_be_secret(name, value):
            yield value


def _may_be_secret(name: str, value: str) -> bool:
    """Return whether the value of a variable is masked although the plan does not declare it as a secret."""
    if SECRET_NAME.search(name):
        return bool(value)
    # Masking a short value such as "true" would ruin every report.
    return len(value) >= MIN_UNDECLARED and not _PUBLIC_NAME.fullmatch(name)


def secret_names(stage: Stage) -> tuple[str, ...]:
    """Return the variables of the caller that a stage declares as secrets."""
    builds = (step.action for step in stage.steps if isinstance(step.action, BuildImage))
    return (*stage.secrets, *(name for build in builds for name in build.secrets))


def require_secrets(stage: Stage, machine: Mapping[str, str]) -> None:
    """Raise EngineError if the caller has not set a secret that the stage declares."""
    missing = [name for name in secret_names(stage) if not machine.get(name)]
    if missing:
        raise EngineError(
            f"stage {stage.name!r} needs {', '.join(missing)}, which the caller has not set",
            remedy="set it in the environment that HeroCI is started in (on GitHub: `env:` of the step)",
        )
