"""What the project's own CI, compose files, tox and Makefile say: commands, variables, images, Python versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from heroci_action.repository.files import RepositoryFiles

_WORKFLOWS = r"\.github/workflows/[^/]+\.ya?ml"
_OTHER_CI = (
    ".gitlab-ci.yml",
    ".travis.yml",
    ".circleci/config.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
)
_COMPOSE = r"(.*/)?(docker-)?compose[^/]*\.ya?ml"
TESTING = re.compile(
    r"manage\.py\s+test\b|\bpytest\b(?!-)|\bpy\.test\b|\btox\b|django(-admin)?\s+test\b|runtests|"
    r"\bmake\s+(?:\S*test|ci\b)|"
    r"\bnox\b|task\s+test|coverage\s+run|\bunittest\b"
)
_EXPRESSION = re.compile(r"\$\{\{|\$\(|<<")
# The inputs of the tools' own actions for GitHub, as the command line that they make.
_ACTIONS: Mapping[str, str] = {
    "psf/black": "black {options} {src}",
    "isort/isort-action": "isort {configuration} {sort-paths}",
    "py-actions/flake8": "flake8 {args} {path}",
    "astral-sh/ruff-action": "ruff {args} {src}",
    "chartboost/ruff-action": "ruff {args} {src}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One line that the project's own CI runs in a directory below the repository's root, with its variables."""

    line: str
    source: str
    directory: str = "."
    testing: bool = False  # it stands in a job that runs tests
    env: Mapping[str, str] = field(default_factory=dict)
    job: str = ""  # tells jobs of one source apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A container image that the tests or the developers use as a service; `tag` may be empty."""

    name: str
    tag: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything found; `env` is what jobs that run tests are given as plain values, with its source."""

    commands: tuple[Command, ...] = ()
    env: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    images: tuple[Image, ...] = ()
    pythons: tuple[tuple[str, str], ...] = ()

    @property
    def testing(self) -> tuple[Command, ...]:
        """The commands of jobs that run tests."""
        return tuple(command for command in self.commands if command.testing)


def gather(tree: RepositoryFiles) -> Evidence:
    """Read everything; files that do not parse say nothing."""
    jobs = [job for path in tree.matching(_WORKFLOWS) for job in _jobs(path, read_yaml(tree, path))]
    files = [path for path in _OTHER_CI if tree.has(path)]
    other = [job for path in files for job in _loose_jobs(path, read_yaml(tree, path))]
    jobs.sort(key=_is_special)
    other.sort(key=_is_special)
    testing = [job for job in (*jobs, *other) if job.testing]
    env = {
        name: (value, job.source) for job in reversed(testing) for name, value in job.env.items()
    }
    compose = [
        image
        for path in tree.matching(_COMPOSE)
        for image in _compose_images(path, read_yaml(tree, path))
    ]
    return Evidence(
        commands=tuple(command for job in (*jobs, *other) for command in job.commands),
        env=env,
        images=(*(image for job in testing for image in job.images), *compose),
        pythons=tuple((python, job.source) for job in testing for python in job.pythons),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    source: str
    commands: tuple[Command, ...]
    env: Mapping[str, str]
    images: tuple[Image, ...]
    pythons: tuple[str, ...]

    @property
    def testing(self) -> bool:
        return any(command.testing for command in self.commands)


class _Loader(yaml.SafeLoader):
    """Safe, and with every scalar as text: a version 3.10 stays 3.10."""


_Loader.yaml_implicit_resolvers = {}


def read_yaml(tree: RepositoryFiles, path: str) -> Mapping[str, Any]:
    """The document with every scalar as text; empty where it does not parse or is no table."""
    try:
        parsed = yaml.load(tree.text(path), Loader=_Loader)  # noqa: S506  # a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    return _table(parsed)


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _jobs(path: str, workflow: Mapping[str, Any]) -> Iterator[_Job]:
    common = _plain_env(workflow.get("env"))
    for name, job in _table(workflow.get("jobs")).items():
        table = {**_table(job), "name": name}
        steps = [_table(step) for step in _list(table.get("steps"))]
        if steps:
            yield _job(path, table, steps, common | _plain_env(table.get("env")))


def _job(
    path: str, job: Mapping[str, Any], steps: list[Mapping[str, Any]], env: dict[str, str]
) -> _Job:
    testing = any(TESTING.search(_uncommented(step.get("run"))) for step in steps)
    default = _table(_table(job.get("defaults")).get("run")).get("working-directory", ".")
    commands = tuple(
        Command(
            line=line,
            source=path,
            testing=testing,
            directory=str(step.get("working-directory", default)).removeprefix("./") or ".",
            env=env | _plain_env(step.get("env")),
            job=str(job.get("name", "")),
        )
        for step in steps
        for line in _lines(step.get("run") or _action_line(step))
    )
    merged = dict(env)
    for step in steps:
        if TESTING.search(_uncommented(step.get("run"))):
            merged |= _plain_env(step.get("env"))
    for line in (line for step in steps for line in _lines(step.get("run"))):
        merged |= _exported(line)
    return _Job(
        source=path,
        commands=commands,
        env=merged,
        images=tuple(_service_images(path, job.get("services"))),
        pythons=tuple(_pythons(job, steps)),
    )


def _action_line(step: Mapping[str, Any]) -> str | None:
    """The command line that a tool's own action for GitHub makes of its inputs; None for other steps."""
    form = _ACTIONS.get(str(step.get("uses", "")).partition("@")[0].lower())
    inputs = _table(step.get("with"))
    if form is None:
        return None
    filled = re.sub(r"\{([\w-]+)\}", lambda match: str(inputs.get(match[1], "")), form)
    return " ".join(filled.split())


def _uncommented(run: object) -> str:
    return "\n".join(_lines(run))


def _lines(run: object) -> Iterator[str]:
    """The commands of a script, continued lines put together, comments and control words left out."""
    text = str(run or "").replace("\\\n", " ")
    for line in text.splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield re.sub(r"\s+", " ", stripped)


def _exported(line: str) -> dict[str, str]:
    match = re.fullmatch(
        r"""(?:export\s+|echo\s+["']?)([A-Z_][A-Z0-9_]*)=["']?([^"'$]*)["']?(\s*>>.*GITHUB_ENV.*)?""",
        line,
    )
    if match is None or (line.startswith("echo") and not match[3]):
        return {}
    return {match[1]: match[2].strip()}


def _plain_env(value: object) -> dict[str, str]:
    return {
        str(name): str(text)
        for name, text in _table(value).items()
        if isinstance(text, str) and not _EXPRESSION.search(text)
    }


def _service_images(path: str, services: object) -> Iterator[Image]:
    for service in _table(services).values():
        name = service if isinstance(service, str) else _table(service).get("image")
        if isinstance(name, str):
            yield _image(path, name)


def _image(path: str, name: str) -> Image:
    bare = name.split("@", 1)[0]
    repository, _, tag = bare.rpartition(":") if ":" in bare.rsplit("/", 1)[-1] else (bare, "", "")
    # "${POSTGRES_IMAGE:-postgres}" says nothing about a version.
    return Image(name=repository, tag="" if "$" in tag else tag, source=path)


def _pythons(job: Mapping[str, Any], steps: list[Mapping[str, Any]]) -> Iterator[str]:
    for step in steps:
        version = _table(step.get("with")).get("python-version")
        if isinstance(version, str):
            yield from _matrix(job, version) if "${{" in version else version.split()


def _matrix(job: Mapping[str, Any], expression: str) -> Iterator[str]:
    name = re.search(r"matrix\.([\w-]+)", expression)
    if name is None:
        return
    matrix = _table(_table(job.get("strategy")).get("matrix"))
    yield from (str(value) for value in _list(matrix.get(name[1])))
    yield from (
        str(_table(entry)[name[1]])
        for entry in _list(matrix.get("include"))
        if name[1] in _table(entry)
    )


def _compose_images(path: str, compose: Mapping[str, Any]) -> Iterator[Image]:
    yield from _service_images(path, compose.get("services"))


_SPECIAL = re.compile(
    r"e2e|end.to.end|playwright|selenium|integration|nightly|bench|latest|"
    r"docs?\b|release|deploy|smoke|\bui\b|migrations?\b"
)


def _is_special(job: _Job) -> bool:
    """Whether a job runs something beside the usual tests, by its file's name and its test commands."""
    lines = " ".join(command.line for command in job.commands if TESTING.search(command.line))
    return bool(
        _SPECIAL.search(job.source.rsplit("/", 1)[-1])
        or re.search(r"(-m|--tag)[ =][\"']?e2e", lines)
    )


def _loose_jobs(path: str, document: Mapping[str, Any]) -> Iterator[_Job]:
    """Each job where the grammar is known enough (CircleCI, GitLab), else the whole file as one."""
    jobs = _table(document.get("jobs")) or {
        name: job for name, job in document.items() if "script" in _table(job)
    }
    for name, job in jobs.items() if jobs else (("", document),):
        yield from _loose_job(path, str(name), _table(job))


def _loose_job(path: str, name: str, document: Mapping[str, Any]) -> Iterator[_Job]:
    """Another CI's file, read without its grammar: strings that look like commands, images and variables."""
    lines = [
        line
        for text in _strings(document, {"run", "command", "script", "before_script", "install"})
        for line in _lines(text)
    ]
    testing = any(TESTING.search(line) for line in lines)
    images = tuple(_image(path, text) for text in _strings(document, {"image"}))
    pythons = tuple(
        match[1]
        for image in images
        if image.name.endswith("python") and (match := re.match(r"(3\.\d+)", image.tag))
    )
    env = {
        name: text
        for table in _tables(document, {"environment", "variables", "env"})
        for name, text in _plain_env(table).items()
    }
    yield _Job(
        source=path,
        commands=tuple(
            Command(line=line, source=path, testing=testing, job=name) for line in lines
        ),
        env=env,
        images=images,
        pythons=pythons,
    )


def _strings(document: object, keys: set[str]) -> Iterator[str]:
    """The texts below these keys, at any depth."""
    for key, value in _walk(document):
        if isinstance(value, str) and key in keys:
            yield value


def _tables(document: object, keys: set[str]) -> Iterator[object]:
    """The values of these keys, at any depth."""
    return (value for key, value in _walk(document) if key in keys)


def _walk(document: object) -> Iterator[tuple[str, object]]:
    """Each key with its value, list items with the key of their list; what aliases share comes once."""
    pending: list[tuple[str, object]] = [("", document)]
    seen: set[int] = set()
    while pending:
        key, value = pending.pop()
        yield key, value
        if isinstance(value, Mapping | list) and id(value) not in seen:
            seen.add(id(value))
            inner = value.items() if isinstance(value, Mapping) else ((key, item) for item in value)
            pending.extend(reversed([(str(name), item) for name, item in inner]))
