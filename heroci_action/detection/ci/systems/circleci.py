"""Read CircleCI's .circleci/config.yml: jobs of workflows, with executors, commands and parameters.

https://circleci.com/docs/reference/configuration-reference/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from heroci_action.detection.ci.left_out import CHECKS
from heroci_action.detection.ci.matrix import Leg, best_leg, combine, pythons_of, similar_legs
from heroci_action.detection.ci.records import ROOT, UNKNOWN, Image, Job, LeftOut, Script, Trigger
from heroci_action.detection.ci.systems.circleci_parameters import (
    defaults,
    evaluate,
    fill,
    fill_all,
    prefixed,
)
from heroci_action.detection.ci.systems.github_actions import HARMLESS, names_check
from heroci_action.detection.ci.systems.jobs import read_job
from heroci_action.detection.ci.systems.service_files import service_file
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.detection.ci.yaml_file import arguments, items, read_yaml, table, texts
from heroci_action.repository.files import RepositoryFiles, join

PATH = ".circleci/config.yml"
_CONFIGURATION = r"\.circleci/[^/]+\.ya?ml"
MAX_NESTED = 10  # commands that call each other
IN_ORB = "the job is in an orb"
_ENV = service_file("BASH_ENV")
_PREDEFINED = {"CI": "true", "CIRCLECI": "true", "CIRCLE_WORKING_DIRECTORY": ROOT, "BASH_ENV": _ENV}
# Orbs are not in the repository; the commands of the usual ones are known.
_ORB_COMMANDS: Mapping[str, str] = {
    # - python/install-packages: { pkg-manager: pip, pip-dependency-file: requirements/test.txt }
    "python/install-packages:pip": "pip install -r {pip-dependency-file}",
    "python/install-packages:pip-dist": "pip install .",
    "python/install-packages:poetry": "poetry install {args}",
    "python/install-packages:pipenv": "pipenv install --dev {args}",
    "python/install-packages:uv": "uv sync {args}",
    "node/install-packages:npm": "npm ci",
    "node/install-packages:yarn": "yarn install",
    "browser-tools/install-chrome": "apt-get install chromium",
    "browser-tools/install-chromedriver": "apt-get install chromium-driver",
    "browser-tools/install-firefox": "apt-get install firefox-esr",
    "browser-tools/install-browser-tools": "apt-get install chromium chromium-driver firefox-esr",
}
# The images of the executors of orbs, as in `executor: {name: python/default, tag: "3.12"}`.
_ORB_IMAGES: Mapping[str, str] = {
    "circleci/python/default": "cimg/python:{tag}",
}


def read_circleci(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield the jobs of every workflow; without workflows, every job."""
    for path in _files(tree):
        yield from _Config(read_yaml(tree, path), tree, path).jobs()
    generated = re.search(r"\bconfiguration_path:\s*(\S+)", tree.text(PATH))
    if generated and not tree.has(join(generated[1])):
        reason = "a job generates the configuration"
        line = LeftOut(line=generated[0], source=PATH, reason=reason)
        yield Job(name="setup", source=PATH, not_followed=(line,))


def _files(tree: RepositoryFiles) -> tuple[str, ...]:
    """Return the configuration; a `setup` configuration continues with other files."""
    if not tree.has(PATH) or read_yaml(tree, PATH).get("setup") != "true":
        return (PATH,) if tree.has(PATH) else ()
    others = [path for path in tree.matching(_CONFIGURATION) if path != PATH]
    named = [path for path in others if path in tree.text(PATH)]
    return tuple(named or others)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """A job as a workflow runs it."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    legs: tuple[Leg, ...] = ()
    trigger: Trigger = Trigger.CHANGE
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Config:
    content: Mapping[str, Any]
    tree: RepositoryFiles
    path: str

    def jobs(self) -> Iterator[Job]:
        declared = table(self.content.get("jobs"))
        uses = self._uses()
        trigger = Trigger.SELDOM if uses else Trigger.CHANGE
        unused = declared.keys() - {use.name for use in uses}
        alone = [_Use(name=name, trigger=trigger) for name in declared if name in unused]
        for use in (*uses, *alone):
            if use.name in declared:
                job = self._job(use, table(declared[use.name]))
                yield replace(job, is_used=not uses or use in uses)
            elif "/" in use.name:
                line = LeftOut(line=use.name, source=self.path, reason=IN_ORB)
                yield Job(
                    name=use.name, source=self.path, trigger=use.trigger, not_followed=(line,)
                )

    def _uses(self) -> list[_Use]:
        found: list[_Use] = []
        for workflow in table(self.content.get("workflows")).values():
            scheduled = bool(table(workflow).get("triggers"))
            for entry in items(table(workflow).get("jobs")):
                for name, options in (
                    entry.items() if isinstance(entry, Mapping) else ((entry, {}),)
                ):
                    found.append(_use(str(name), table(options), scheduled=scheduled))
        return found

    def _job(self, use: _Use, content: Mapping[str, Any]) -> Job:
        job, scripts = self._described(use, content)
        return read_job(job, (*self._workspace(use, content), *scripts), self.tree, _ENV)

    def _described(self, use: _Use, content: Mapping[str, Any]) -> tuple[Job, tuple[Script, ...]]:
        """Return a job without its commands, and the scripts of its steps."""
        own = {
            **defaults("pipeline.parameters", self.content),
            **defaults("parameters", content),
            **prefixed("parameters", use.parameters),
        }
        python = partial(self._python, content, own)
        leg = best_leg(use.legs, python=python)
        others = similar_legs(use.legs, leg, python=python)
        values = {**own, **prefixed("parameters", leg), **prefixed("matrix", leg)}
        images, executor_env = self._executor(content, values)
        steps = self._steps(content, values, executor_env)
        scripts = tuple(steps.scripts(items(content.get("steps")), values))
        job = Job(
            name=use.name,
            source=self.path,
            actions=tuple(steps.not_run),
            image=images[0] if images else None,
            services=tuple(images[1:]),
            trigger=use.trigger,
            predefined=_PREDEFINED,
            pythons=pythons_of(use.legs, python),
            similar=lambda: tuple(self._job(replace(use, legs=(leg,)), content) for leg in others),
        )
        return job, scripts

    def _steps(
        self,
        content: Mapping[str, Any],
        values: Mapping[str, str],
        executor_env: Mapping[str, str],
    ) -> _Steps:
        """Return the reader of a job's steps, with the directory and the variables that they share."""
        own_env = fill_all(table(content.get("environment")), values)
        place = fill(str(content.get("working_directory", "~/project")), values).rstrip("/")
        return _Steps(
            config=self,
            place=place,
            checkout=_checkout(items(content.get("steps")), values) or place,
            env={**_PREDEFINED, **executor_env, **own_env},
        )

    def _workspace(self, use: _Use, content: Mapping[str, Any], depth: int = 0) -> Iterator[Script]:
        """Yield the scripts of earlier jobs whose files a job attaches; a job that runs tests only leaves reports."""
        declared = table(self.content.get("jobs"))
        attaches = depth < MAX_NESTED and self._calls(content, "attach_workspace")
        for other in self._uses() if attaches else ():
            earlier = table(declared.get(other.name))
            if other.name in use.requires and self._calls(earlier, "persist_to_workspace"):
                job, scripts = self._described(other, earlier)
                commands = read_job(job, scripts, self.tree, _ENV).commands
                if not any(find_test_run(command, self.tree) for command in commands):
                    yield from self._workspace(other, earlier, depth + 1)
                    yield from scripts

    def _calls(self, content: Mapping[str, Any], step: str, depth: int = 0) -> bool:
        """Return whether a job, or a command that it calls, has a step."""
        steps = items(content.get("steps")) if depth < MAX_NESTED else []
        names = [
            str(name) for each in steps for name in (each if isinstance(each, Mapping) else [each])
        ]
        commands = table(self.content.get("commands"))
        inner = (table(commands.get(name)) for name in names)
        return step in names or any(self._calls(each, step, depth + 1) for each in inner)

    def _python(self, content: Mapping[str, Any], own: Mapping[str, str], leg: Leg) -> str:
        """Return the Python of a leg, from its first image; empty if that has none."""
        images, _ = self._executor(content, {**own, **prefixed("parameters", leg)})
        return images[0].python or "" if images else ""

    def _executor(
        self, content: Mapping[str, Any], values: Mapping[str, str]
    ) -> tuple[list[Image], dict[str, str]]:
        """Return the images of a job, the first of which runs its steps, and the variables of the first one."""
        used = content.get("executor")
        name = used if isinstance(used, str) else str(table(used).get("name", ""))
        executor = self._declared(fill(name, values), table(used))
        given = {key: value for key, value in table(used).items() if key != "name"}
        inner = {
            **values,
            **defaults("parameters", executor),
            **prefixed("parameters", fill_all(given, values)),
        }
        source, known = (content, values) if "docker" in content else (executor, inner)
        containers = [table(entry) for entry in items(source.get("docker"))]
        images = [
            replace(
                Image.parse(
                    fill(str(entry.get("image", "")), known),
                    source=self.path,
                    alias=str(entry.get("name", "localhost")),
                    env=fill_all(table(entry.get("environment")), known),
                ),
                arguments=tuple(arguments(entry.get("command"))),
            )
            for entry in containers
        ]
        env = fill_all(table(executor.get("environment")), inner)
        return images, {**env, **(images[0].env if images else {})}

    def _declared(self, name: str, used: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an executor of the file, or one of a known orb; empty for any other."""
        declared = table(table(self.content.get("executors")).get(name))
        alias, _, inner = name.partition("/")
        orb = str(table(self.content.get("orbs")).get(alias, "")).partition("@")[0]
        form = _ORB_IMAGES.get(f"{orb}/{inner}")
        if declared or form is None:
            return declared
        image = form.replace("{tag}", str(used.get("tag", UNKNOWN)))
        return {"docker": [{"image": image}]}


def _leave_out(name: str, source: str) -> LeftOut:
    """Return the command of an orb as a line that the plan does not contain."""
    checks = names_check(name)
    reason = CHECKS if checks else "HeroCI does not run the commands of orbs"
    return LeftOut(line=name, source=source, reason=reason, harmless=checks)


def _use(name: str, options: Mapping[str, Any], *, scheduled: bool) -> _Use:
    legs = _legs(table(options.get("matrix")))
    branches = table(table(options.get("filters")).get("branches"))
    trigger = Trigger.CONDITION if branches.get("only") else Trigger.CHANGE
    if scheduled or options.get("type") == "approval" or "/.*/" in texts(branches.get("ignore")):
        trigger = Trigger.SELDOM
    requires = tuple(texts(options.get("requires")))
    return _Use(name=name, parameters=options, legs=tuple(legs), trigger=trigger, requires=requires)


def _legs(matrix: Mapping[str, Any]) -> list[Leg]:
    axes = {key: texts(values) for key, values in table(matrix.get("parameters")).items()}
    return [leg for leg in combine(axes) if leg not in items(matrix.get("exclude"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """The steps of a job; `place` is the directory in which they run, `not_run` are the steps of unknown orbs."""

    config: _Config
    place: str
    checkout: str
    env: Mapping[str, str]
    not_run: list[LeftOut] = field(default_factory=list)

    def scripts(
        self, steps: list[Any], values: Mapping[str, str], depth: int = 0
    ) -> Iterator[Script]:
        for step in steps if depth < MAX_NESTED else ():
            pairs = step.items() if isinstance(step, Mapping) else ((step, {}),)
            for name, options in pairs:
                yield from self._step(str(name), options, values, depth)

    def _step(
        self, name: str, options: Any, values: Mapping[str, str], depth: int
    ) -> Iterator[Script]:
        command = self._command(name)
        if name == "run":
            yield from self._run(
                {"command": options} if isinstance(options, str) else table(options), values
            )
        elif name in {"when", "unless"}:
            known = evaluate(table(options).get("condition"), values)
            if known is not (name == "unless"):
                inner = self.scripts(items(table(options).get("steps")), values, depth + 1)
                condition = f"{name} {table(options).get('condition')}"
                yield from (
                    script.under(condition) if known is None else script for script in inner
                )
        elif command:
            given = fill_all(table(options), values)
            inside = {
                **values,
                **defaults("parameters", command),
                **prefixed("parameters", given),
            }
            yield from self.scripts(items(command.get("steps")), inside, depth + 1)
        elif line := _orb_line(name, fill_all(table(options), values)):
            place = self._directory("")
            yield Script(text=line, source=self.config.path, directory=place, env=self.env)
        elif "/" in name and not HARMLESS.search(name.lower()):
            self.not_run.append(_leave_out(name, self.config.path))

    def _command(self, name: str) -> Mapping[str, Any]:
        """Return a command of the file, or of an orb that is written there; empty for any other step."""
        orb, _, inner = name.rpartition("/")
        orbs = table(self.config.content.get("orbs"))
        owner = table(orbs.get(orb)) if orb else self.config.content
        return table(table(owner.get("commands")).get(inner))

    def _run(self, options: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[Script]:
        text = options.get("command")
        if isinstance(text, str) and options.get("when") != "on_fail":
            filled = self._with_checkout(fill(text, values).replace(r"\<<", "<<"))
            yield Script(
                text=f"{{\n{filled}\n}} &" if options.get("background") == "true" else filled,
                source=self.config.path,
                directory=self._directory(fill(str(options.get("working_directory", "")), values)),
                env={**self.env, **fill_all(table(options.get("environment")), values)},
            )

    def _with_checkout(self, text: str) -> str:
        """Replace the path of the checkout in a script; everything else in the home directory is outside it."""
        home, _, inner = self.checkout.partition("/")
        path = rf"(?<![\w./$-])(~|/home/circleci)/{re.escape(inner)}(?![\w.-])"
        return re.sub(path, "$CIRCLE_WORKING_DIRECTORY", text) if home == "~" and inner else text

    def _directory(self, given: str) -> str:
        """Return the directory of a step, from the root of the checkout."""
        directory = given if given.startswith(("~", "/")) else f"{self.place}/{given}"
        inside = directory.removeprefix(self.checkout).removeprefix("~/project").lstrip("/")
        return join(inside or ".")


def _checkout(steps: list[Any], values: Mapping[str, str]) -> str:
    """Return the directory that a step `checkout` names; empty if it is the job's own."""
    named = (table(table(step).get("checkout")).get("path") for step in steps)
    return next((fill(str(path), values).rstrip("/") for path in named if path), "")


def _orb_line(name: str, options: Mapping[str, str]) -> str | None:
    default = "npm" if name.startswith("node/") else "pip"
    manager = options.get("pkg-manager", default)
    form = _ORB_COMMANDS.get(name) or _ORB_COMMANDS.get(f"{name}:{manager}")
    known = {"pip-dependency-file": "requirements.txt", **options}
    return re.sub(r"\{([\w-]+)\}", lambda match: known.get(match[1], ""), form) if form else None
