"""The key of each stage: a hash of everything that may change its result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from enum import Enum
from functools import cache, lru_cache
from pathlib import Path

import heroci_action
from heroci_action.engines.secret_store import secret_names
from heroci_action.plan.actions import (
    ExportImage,
    InstallDependencies,
    InstallSystemPackages,
    PublishImage,
)
from heroci_action.plan.built_in_stages import BUILT_IN_STAGES
from heroci_action.plan.caller_variables import find_references
from heroci_action.plan.stages import Plan, Stage

FORMAT = 1


@cache
def source_digest(root: Path = Path(heroci_action.__file__).parent) -> str:
    """Return the hash of HeroCI's own source, so that a change of it is a change of every result."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(root)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The inputs that all stages share.

    `content` is the hash of the repository, and `contexts` are the hashes for stages that see a part of it. `facts`
    describe the engine and the machine, `machine` are the variables of the caller, of which only those count that a
    stage uses, or that every step receives (`inherited`). `salt` keeps their values from being guessed, and `heroci` is
    the hash of HeroCI itself.
    """

    content: str
    facts: Mapping[str, str]
    machine: Mapping[str, str]
    salt: bytes
    contexts: Mapping[str, str] = field(default_factory=dict)
    inherited: frozenset[str] = frozenset()
    heroci: str = field(default_factory=source_digest)


def stage_keys(plan: Plan, inputs: Inputs) -> dict[str, str]:
    """Return the key of each stage that may be replayed, in the order of the plan."""
    common = {
        "format": FORMAT,
        "heroci": inputs.heroci,
        "facts": inputs.facts,
        "directory": plan.directory,
        "environment": plan.environment,
        "public": plan.public_variables,
        "largest": plan.largest_report,
    }
    keys: dict[str, str] = {}
    skipped = {stage.name: f"skipped: {stage.skip}" for stage in plan.stages if stage.skip}
    for stage in plan.stages:
        known = {**skipped, **keys}
        if stage.skip or not may_replay(stage) or not all(name in known for name in stage.needs):
            continue
        keys[stage.name] = _digest(
            {
                **common,
                "content": inputs.contexts.get(stage.name, inputs.content),
                "stage": replace(stage, emoji="", optional=False),
                "services": {name: plan.services[name] for name in stage.services},
                "needs": [known[name] for name in stage.needs if _uses(stage, plan.stage(name))],
                "secrets": _secrets(stage, plan, inputs),
            }
        )
    return keys


def _uses(stage: Stage, need: Stage) -> bool:
    """Return whether a stage may depend on the output of another one: an image does not on installed packages."""
    only_installs = not need.outputs and all(
        isinstance(step.action, InstallSystemPackages | InstallDependencies) for step in need.steps
    )
    return not (stage.confined_to and only_installs)


def may_replay(stage: Stage) -> bool:
    """Return whether a stage only describes the repository: it is HeroCI's own, complete, and delivers nothing."""
    delivers = any(isinstance(step.action, ExportImage | PublishImage) for step in stage.steps)
    return stage.name in BUILT_IN_STAGES and not delivers and not stage.partial


def replayable(plan: Plan, known: Iterable[str]) -> frozenset[str]:
    """Return the stages to replay: one whose product another stage needs is replayed only together with it."""
    chosen = set(known)
    for stage in reversed(plan.stages):
        waiting = [
            other.name for other in plan.stages if stage.name in other.needs and not other.skip
        ]
        if any(name not in chosen for name in waiting):
            chosen.discard(stage.name)
    return frozenset(chosen)


def _secrets(stage: Stage, plan: Plan, inputs: Inputs) -> str:
    """Return a hash of the caller's variables that a stage receives."""
    services = {name: plan.services[name] for name in stage.services}
    received = inputs.inherited & inputs.machine.keys()
    names = {*secret_names(stage), *find_references(stage), *find_references(services), *received}
    if not names:
        return ""
    values = json.dumps({name: inputs.machine.get(name) for name in sorted(names)})
    return _hash_slowly(values, inputs.salt)


@lru_cache(maxsize=64)
def _hash_slowly(values: str, salt: bytes) -> str:
    """Return a hash from which a short secret cannot be guessed, because the cache may travel.

    Many stages receive the same variables, and the keys are computed more than once in a run.
    """
    return hashlib.scrypt(values.encode(), salt=salt, n=1 << 14, r=8, p=1).hex()


def _digest(value: object) -> str:
    text = json.dumps(_plain(value), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: object) -> object:
    """Return a value for JSON; the names of types distinguish equal fields of different actions."""
    if is_dataclass(value) and not isinstance(value, type):
        fields = {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
