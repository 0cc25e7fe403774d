"""Build a job from its scripts, for the services whose scripts are known before any of them is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from heroci_action.detection.ci.expand import Context, run
from heroci_action.detection.ci.left_out import FOLLOWS
from heroci_action.detection.ci.named_python import chosen_python
from heroci_action.detection.ci.records import UNKNOWN, Command, Conditional, Job, LeftOut, Script
from heroci_action.detection.ci.systems.service_files import (
    created_files,
    drop_service_files,
    read_assignments,
    read_conditional,
    under_same,
)
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.repository.files import RepositoryFiles

# `$HOME`, `${HOME}`
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def read_job(job: Job, scripts: Iterable[Script], tree: RepositoryFiles, env_file: str = "") -> Job:
    """Return a job with the commands of its scripts; `env_file` sets variables for later scripts."""
    python = job.python or (job.image.python if job.image else None)
    context = Context(files=WorkingTree(tree), python=python)
    commands = tuple(_commands(scripts, context, env_file))
    return replace(
        job,
        commands=commands,
        python=python or chosen_python(commands),
        created=created_files(context.files),
        not_followed=tuple(context.not_followed),
    )


def _commands(scripts: Iterable[Script], context: Context, env_file: str) -> Iterator[Command]:
    added: dict[str, str] = {}
    conditional: list[Conditional] = []
    for script in scripts:
        env = {**script.env, **added, **under_same(conditional, script.conditions)}
        commands = list(run(replace(script, env=env, perhaps=tuple(conditional)), context))
        yield from drop_service_files(commands)
        conditional += read_conditional(env_file, commands) if env_file else ()
        if env_file and not script.conditions:
            added |= read_assignments(env_file, context.files)


def leave_out_following(lines: Iterable[str], source: str) -> tuple[LeftOut, ...]:
    """Return the lines that a service runs after a job, whose outcome they do not change."""
    written = filter(None, lines)
    return tuple(
        LeftOut(line=line, source=source, reason=FOLLOWS, harmless=True) for line in written
    )


def fill_variables(text: str, env: Mapping[str, str]) -> str:
    """Replace `$NAME` and `${NAME}` in a value of a CI's file; UNKNOWN marks a variable that is not set."""
    return _VARIABLE.sub(lambda match: env.get(match[1] or match[2], UNKNOWN), text)


def resolve(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables with the references to each other replaced, in their order; others stay as they are."""
    found: dict[str, str] = {}
    for name, value in variables.items():
        found[name] = _VARIABLE.sub(lambda match: found.get(match[1] or match[2], UNKNOWN), value)
    return found
