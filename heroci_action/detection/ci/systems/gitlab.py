"""Read GitLab's .gitlab-ci.yml with the files that it includes.

https://docs.gitlab.com/ci/yaml/
"""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from heroci_action.detection.ci.left_out import CHECKS, reason_of_program
from heroci_action.detection.ci.matrix import Leg, best_leg, pythons_of, similar_legs
from heroci_action.detection.ci.records import (
    ROOT,
    UNKNOWN,
    Command,
    Image,
    Job,
    LeftOut,
    Script,
    Trigger,
)
from heroci_action.detection.ci.systems.gitlab_files import (
    gets_all_files,
    hands_over,
    jobs_before,
    sources_of_files,
)
from heroci_action.detection.ci.systems.gitlab_rules import find_ignored_codes, may_fail, trigger_of
from heroci_action.detection.ci.systems.jobs import (
    fill_variables,
    leave_out_following,
    read_job,
    resolve,
)
from heroci_action.detection.ci.test_runs import find_test_run
from heroci_action.detection.ci.yaml_file import is_reference, items, parse_yaml, table, texts
from heroci_action.repository.files import RepositoryFiles, join

FILES = (".gitlab-ci.yml", ".gitlab-ci.yaml")
MAX_NESTED = 10  # files, jobs and references that refer to each other
# Source: https://docs.gitlab.com/ci/pipelines/downstream_pipelines/, nested child pipelines
MAX_PARENTS = 2
_PREDEFINED = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_PROJECT_DIR": ROOT,
    "CI_PIPELINE_SOURCE": "push",
    "CI_REGISTRY": "registry.gitlab.com",
    # One job builds the image that another one uses.
    "CI_REGISTRY_IMAGE": f"registry.gitlab.com/{UNKNOWN}",
}
_SETTINGS = frozenset(
    {
        "default", "include", "stages", "variables", "workflow", "image", "services", "before_script", "after_script",
        "cache", "spec",
    }
)  # fmt: skip
SOME_CODES = "the CI passes if the job ends with one of these exit codes"
# `$[[ inputs.stage ]]`
_INPUT = re.compile(r"\$\[\[\s*inputs\.([\w-]+)[^]]*\]\]")


def read_gitlab(tree: RepositoryFiles) -> Iterator[Job]:
    """Yield the jobs of the pipeline."""
    path = tree.first(*FILES)
    if path:
        pipeline = _Pipeline(tree, path)
        yield from pipeline.jobs()
        if elsewhere := tuple(pipeline.elsewhere()):
            yield Job(name="include", source=path, not_followed=elsewhere)


class _Pipeline:
    """A pipeline from its file; `parents` are the files of the pipelines that start it, the outermost first."""

    def __init__(self, tree: RepositoryFiles, path: str, parents: tuple[str, ...] = ()) -> None:
        self.tree = tree
        self.path = path
        self.parents = parents
        self.sources: dict[str, str] = {}
        self._commands: dict[str, tuple[Command, ...]] = {}
        self.content = self._read(path, {}, 0)

    def _read(self, path: str, inputs: Mapping[str, Any], depth: int) -> dict[str, Any]:
        """Return a file merged with its includes; its own settings win."""
        text = self.tree.text(path)
        documents = parse_yaml(text)
        declared = table(table(documents[0].get("spec") if documents else {}).get("inputs"))
        values = {name: str(table(entry).get("default", "")) for name, entry in declared.items()}
        values |= {name: str(value) for name, value in inputs.items()}
        filled = _INPUT.sub(lambda match: values.get(match[1], UNKNOWN), text)
        own: Mapping[str, Any] = next(iter(reversed(parse_yaml(filled))), {})
        found: dict[str, Any] = {}
        for name, given in self._includes(own.get("include")) if depth < MAX_NESTED else ():
            found = _merge(found, self._read(name, given, depth + 1))
        self.sources.update(dict.fromkeys(own, path))
        return _merge(found, own)

    def _includes(self, value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for entry in value if isinstance(value, list) else [value]:
            name = entry if isinstance(entry, str) else table(entry).get("local")
            if isinstance(name, str) and "://" not in name:
                pattern = join(name.lstrip("/"))
                matching = [file for file in self.tree.files if fnmatch.fnmatchcase(file, pattern)]
                yield from ((file, table(table(entry).get("inputs"))) for file in matching)

    def elsewhere(self) -> Iterator[LeftOut]:
        """Yield the included files that are not in the repository; GitLab's own templates do not test a project."""
        included = self.content.get("include")
        for entry in included if isinstance(included, list) else [included]:
            keys = table(entry) if isinstance(entry, Mapping) else {"remote": entry}
            for kind in ("project", "component", "remote"):
                name = keys.get(kind)
                if isinstance(name, str) and (kind != "remote" or "://" in name):
                    file = " ".join((name, *texts(keys.get("file"))))
                    line = f"include: {kind}: {file}"
                    reason = "the file is in another repository"
                    yield LeftOut(line=line, source=self.path, reason=reason)

    def jobs(self) -> Iterator[Job]:
        for name, content in self._contents.items():
            if children := self._children(content):
                yield from (job for child in children for job in child.jobs())
            elif content.get("script") is not None:
                yield self._job(name, content)

    @cached_property
    def _contents(self) -> dict[str, dict[str, Any]]:
        """The jobs by name, each merged with those that it extends."""
        return {
            name: self._extended(name, 0)
            for name, value in self.content.items()
            if not (name in _SETTINGS or name.startswith(".")) and isinstance(value, Mapping)
        }

    def _children(self, content: Mapping[str, Any]) -> list[_Pipeline]:
        """Return the pipelines of the repository that a job starts, except those that lead to this one."""
        around = (*self.parents, self.path)
        included = self._includes(table(content.get("trigger")).get("include"))
        paths = [path for path, _ in included if path not in around]
        return [_Pipeline(self.tree, path, around) for path in paths if len(around) <= MAX_PARENTS]

    def _extended(self, name: str, depth: int) -> dict[str, Any]:
        """Return a job merged with the jobs that it extends."""
        own = dict(table(self.content.get(name)))
        found: dict[str, Any] = {}
        for base in texts(own.pop("extends", None)) if depth < MAX_NESTED else ():
            found = _merge(found, self._extended(base, depth + 1))
        merged = _merge(found, own)
        lists = {"services", "image", "variables", "rules"} & set(merged)
        whole = {key: self._referenced(merged[key]) for key in lists if is_reference(merged[key])}
        return {**merged, **whole}

    def _job(self, name: str, content: Mapping[str, Any]) -> Job:
        given = self._given_variables(content)
        common = {**_PREDEFINED, **given}
        image = self._setting("image", content)

        def python(leg: Leg) -> str:
            return self._image(image, {**common, **leg}).tag.partition("-")[0]

        legs = _legs(content.get("parallel"))
        leg = best_leg(legs, python=python)
        env = resolve({**common, **leg})
        source = self.sources.get(name, self.path)
        job = Job(
            name=name,
            source=source,
            image=self._image(image, env) if image else None,
            services=tuple(self._services(content, env)),
            trigger=trigger_of(content, given),
            may_fail=may_fail(content, given),
            left_out=(*_ignored(content, source), *self._following(content, source)),
            predefined=_PREDEFINED,
            pythons=pythons_of(legs, python),
            similar=lambda: tuple(
                self._job(name, {**content, "parallel": {"matrix": [other]}})
                for other in similar_legs(legs, leg, python=python)
            ),
        )
        scripts = (*self._handed_over(content, {name}), self._own_script(name, content, env))
        return read_job(job, scripts, self.tree)

    def _following(self, content: Mapping[str, Any], source: str) -> tuple[LeftOut, ...]:
        lines = self._lines(self._setting("after_script", content))
        return leave_out_following(lines, source)

    def _own_script(self, name: str, content: Mapping[str, Any], env: Mapping[str, str]) -> Script:
        source = self.sources.get(name, self.path)
        return Script(text=self._script(content), source=source, env=env)

    def _handed_over(self, content: Mapping[str, Any], seen: set[str]) -> Iterator[Script]:
        """Yield the scripts of the jobs whose files a job gets; a job that runs tests only leaves reports.

        If it gets those of all earlier stages, so does a job that runs checks.
        """
        gets_all = gets_all_files(content)
        stages = texts(self.content.get("stages"))
        before = jobs_before(content, self._contents, stages) if gets_all else ()
        for name in before or sources_of_files(content):
            other = {} if name in seen else self._contents.get(name, {})
            seen.add(name)
            given = self._given_variables(other)
            if trigger_of(other, given) is Trigger.SELDOM or not hands_over(other, content):
                continue
            script = self._own_script(name, other, resolve({**_PREDEFINED, **given}))
            if self._leaves_reports(name, script, checks=gets_all):
                continue
            if not gets_all:
                yield from self._handed_over(other, seen)
            yield script

    def _leaves_reports(self, name: str, script: Script, *, checks: bool) -> bool:
        """Return whether a job runs tests, or `checks`."""
        if name not in self._commands:
            read = read_job(Job(name=name, source=script.source), [script], self.tree)
            self._commands[name] = read.commands
        return any(
            find_test_run(command, self.tree) is not None
            or (checks and reason_of_program(command.call.name) == CHECKS)
            for command in self._commands[name]
        )

    def _given_variables(self, content: Mapping[str, Any]) -> dict[str, str]:
        """Return the variables of a job, and the variables of the pipeline that it inherits."""
        shared = _variables(self.content.get("variables"))
        inherited = texts(table(content.get("inherit")).get("variables", "true"))
        if inherited != ["true"]:
            shared = {name: value for name, value in shared.items() if name in inherited}
        return {**shared, **_variables(content.get("variables"))}

    def _script(self, content: Mapping[str, Any]) -> str:
        """Return the lines that a job runs; `before_script` and `script` are one script."""
        scripts = (self._setting("before_script", content), content.get("script"))
        return "\n".join(line for script in scripts for line in self._lines(script))

    def _setting(self, name: str, content: Mapping[str, Any]) -> Any:
        inherited = texts(table(content.get("inherit")).get("default", "true"))
        default = table(self.content.get("default"))
        usual = default.get(name, self.content.get(name))
        return content.get(name, usual if {"true", name} & set(inherited) else None)

    def _image(self, value: object, env: Mapping[str, str]) -> Image:
        name = value if isinstance(value, str) else str(table(value).get("name", ""))
        return Image.parse(fill_variables(name, env), source=self.path)

    def _services(self, content: Mapping[str, Any], env: Mapping[str, str]) -> Iterator[Image]:
        for entry in items(self._setting("services", content)):
            name = entry if isinstance(entry, str) else table(entry).get("name")
            if isinstance(name, str):
                text = fill_variables(name, env)
                # Without an alias, a service is reached by the name of its image.
                alias = table(entry).get("alias", re.sub(r":.*", "", text).replace("/", "-"))
                variables = _variables(table(entry).get("variables"))
                image = Image.parse(
                    text, source=self.path, alias=str(alias), env={**env, **variables}
                )
                yield replace(image, arguments=tuple(texts(table(entry).get("command"))))

    def _referenced(self, value: object) -> Any:
        """Return what `!reference [job, key]` refers to."""
        found: Any = self.content
        for key in items(value):
            found = table(found).get(key)
        return found

    def _lines(self, value: object, depth: int = 0) -> Iterator[str]:
        """Yield the lines of a script, which may be nested and refer to other jobs."""
        if isinstance(value, str):
            yield value
        elif is_reference(value) and depth < MAX_NESTED:
            yield from self._lines(self._referenced(value), depth + 1)
        elif isinstance(value, list) and depth < MAX_NESTED:
            for item in value:
                yield from self._lines(item, depth + 1)


def _variables(value: object) -> dict[str, str]:
    """Return variables, which may have a value and a description."""
    pairs = (
        (name, table(text).get("value") if isinstance(text, Mapping) else text)
        for name, text in table(value).items()
    )
    return {name: text for name, text in pairs if isinstance(text, str)}


def _ignored(content: Mapping[str, Any], source: str) -> Iterator[LeftOut]:
    """Yield the exit codes with which a job may fail."""
    if codes := find_ignored_codes(content):
        line = f"allow_failure: exit_codes: {', '.join(codes)}"
        yield LeftOut(line=line, source=source, reason=SOME_CODES, harmless=True)


def _legs(parallel: object) -> list[Leg]:
    legs: list[Leg] = []
    for entry in map(table, items(table(parallel).get("matrix"))):
        axes = {name: texts(values) for name, values in entry.items()}
        legs += [
            dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())
        ]
    return legs


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge tables deeply, as `extends` and `include` do; lists are replaced."""
    merged: dict[str, Any] = dict(below)
    for key, value in above.items():
        inner = merged.get(key)
        both = isinstance(inner, Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(table(inner), table(value)) if both else value
    return merged
