"""Read Travis CI's .travis.yml.

https://docs.travis-ci.com/user/languages/python/
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from heroci_action.detection.ci.matrix import Leg, best_leg, pythons_of, similar_legs, version_of
from heroci_action.detection.ci.records import ROOT, Image, Job, Script, Trigger
from heroci_action.detection.ci.systems.jobs import leave_out_following, read_job
from heroci_action.detection.ci.yaml_file import items, read_yaml, table, texts
from heroci_action.repository.files import RepositoryFiles

PATH = ".travis.yml"
_PREDEFINED = {"CI": "true", "TRAVIS": "true", "TRAVIS_BUILD_DIR": ROOT, "TRAVIS_OS_NAME": "linux"}
_PHASES = ("before_install", "install", "before_script", "script")
_AFTER = ("after_success", "after_script")
# The images of the servers that `services` starts, and the key of `addons` with their version.
_SERVERS: Mapping[str, tuple[str, str]] = {
    "postgresql": ("postgres", "postgresql"),
    "mysql": ("mysql", "mysql"),
    "mariadb": ("mariadb", "mariadb"),
    "redis-server": ("redis", "redis"),
    "redis": ("redis", "redis"),
    "memcached": ("memcached", "memcached"),
    "elasticsearch": ("elasticsearch", "elasticsearch"),
    "rabbitmq": ("rabbitmq", "rabbitmq"),
}


def read_travis(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield the job of the matrix and the included jobs."""
    if tree.has(PATH):
        content = read_yaml(tree, PATH)
        jobs = {**table(content.get("matrix")), **table(content.get("jobs"))}
        included = [table(entry) for entry in items(jobs.get("include"))]
        rules = [table(rule) for rule in items(jobs.get("allow_failures"))]
        excluded = [table(rule) for rule in items(jobs.get("exclude"))]
        config = _Config(
            tree=tree, content=content, included=included, allowed=rules, excluded=excluded
        )
        yield from config.matrix()
        yield from config.alone()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Config:
    """The file with its included jobs, and the rules for jobs that may fail or do not run."""

    tree: RepositoryFiles
    content: Mapping[str, Any]
    included: list[Mapping[str, Any]]
    allowed: list[Mapping[str, Any]]
    excluded: list[Mapping[str, Any]]

    def matrix(self) -> Iterator[Job]:
        """Yield the job with the file's own script, in the best leg; included jobs without a script are legs."""
        if self.content.get("script") is not None:
            # An entry without a Python has the first one.
            pythons = texts(self.content.get("python"))
            usual = {"python": pythons[0]} if pythons else {}
            added = [{**usual, **entry} for entry in self.included if entry.get("script") is None]
            own = [leg for leg in _legs(self.content) if not _fits(self.excluded, leg)]
            # One Python next to listed legs is the Python of these legs, not another leg.
            are_legs = bool(added) and len(added) == len(self.included)
            legs = added if len(own) == 1 and are_legs else [*own, *added]
            best = best_leg(legs, python=_python, may_fail=self._may_fail)
            others = similar_legs(legs, best, python=_python)
            yield replace(
                _job("", self.content, best, self.tree),
                pythons=pythons_of(legs, _python, self._may_fail),
                similar=lambda: tuple(_job("", self.content, leg, self.tree) for leg in others),
            )

    def alone(self) -> Iterator[Job]:
        """Yield the included jobs with a script."""
        entries = (entry for entry in self.included if entry.get("script") is not None)
        for number, entry in enumerate(entries, start=1):
            name = str(entry.get("name", entry.get("stage", f"job {number}")))
            # The job's own variables come on top of the global ones.
            content = {**self.content, **entry, "env": self.content.get("env")}
            job = _job(name, content, entry, self.tree)
            yield replace(job, may_fail=self._may_fail(entry))

    def _may_fail(self, leg: Leg) -> bool:
        return _fits(self.allowed, leg)


def _fits(rules: list[Mapping[str, Any]], leg: Leg) -> bool:
    return any(rule and rule.items() <= leg.items() for rule in rules)


def _legs(content: Mapping[str, Any]) -> Iterator[Leg]:
    """Yield the combinations of Python versions and lines of variables."""
    env = content.get("env")
    lines = (
        [*items(table(env).get("jobs")), *items(table(env).get("matrix"))]
        if isinstance(env, Mapping)
        else items(env)
    )
    axes = {
        "python": texts(content.get("python")),
        "env": [line for line in lines if isinstance(line, str)],
    }
    axes = {name: values for name, values in axes.items() if values}
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def _python(leg: Leg) -> str:
    return str(leg.get("python", ""))


def _job(name: str, content: Mapping[str, Any], leg: Leg, tree: RepositoryFiles) -> Job:
    python = (
        ".".join(
            map(str, version_of(_python(leg) or "".join(texts(content.get("python"))[:1]))[:2])
        )
        or None
    )
    exported = [f"export {line}" for line in (*_global_env(content), *_assignments(leg.get("env")))]
    steps = [line for phase in _PHASES for line in _lines(phase, content, tree)]
    env = {**_PREDEFINED, **({"TRAVIS_PYTHON_VERSION": python} if python else {})}
    script = Script(text="\n".join([*_packages(content), *exported, *steps]), source=PATH, env=env)
    job = Job(
        name=name,
        source=PATH,
        python=python,
        services=tuple(_services(content)),
        trigger=Trigger.CONDITION if content.get("if") else Trigger.CHANGE,
        predefined=env,
        left_out=leave_out_following(
            (line for phase in _AFTER for line in texts(content.get(phase))), PATH
        ),
    )
    return read_job(job, [script], tree)


def _global_env(content: Mapping[str, Any]) -> list[str]:
    env = content.get("env")
    return _assignments(env.get("global") if isinstance(env, Mapping) else None)


def _assignments(value: object) -> list[str]:
    """Return variables as `NAME=value`, from a table or from one or more lines."""
    if isinstance(value, Mapping):
        return [f"{name}={shlex.quote(str(text))}" for name, text in value.items()]
    return texts(value)


def _lines(phase: str, content: Mapping[str, Any], tree: RepositoryFiles) -> list[str]:
    if phase == "install" and phase not in content:
        # Travis's default for Python.
        return ["pip install -r requirements.txt"] if tree.has("requirements.txt") else []
    # `install: skip` leaves a phase out.
    return [line for line in texts(content.get(phase)) if line != "skip"]


def _packages(content: Mapping[str, Any]) -> Iterator[str]:
    addons = table(content.get("addons"))
    apt = addons.get("apt_packages", table(addons.get("apt")).get("packages"))
    listed = texts(apt if apt is not None else addons.get("apt"))
    # Travis hands them to the shell, so that one text may hold several.
    packages = [name for text in listed for name in text.split()]
    if packages:
        yield shlex.join(["apt-get", "install", *packages])


def _services(content: Mapping[str, Any]) -> Iterator[Image]:
    addons = table(content.get("addons"))
    names = dict.fromkeys(
        [*texts(content.get("services")), *(name for name in addons if name in _SERVERS)]
    )
    for service in names:
        if service in _SERVERS:
            image, key = _SERVERS[service]
            version = addons.get(key)
            yield Image.parse(
                f"{image}:{version}" if isinstance(version, str) else image,
                source=PATH,
                alias="localhost",
            )
