"""The tests of a workflow of another repository, as its inputs describe them by the meaning of their names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace

from heroci_action.detection.ci.dotenv import parse_dotenv
from heroci_action.detection.ci.matrix import newest_python
from heroci_action.detection.ci.postgis import postgis_image
from heroci_action.detection.ci.records import UNKNOWN, Image, Job, LeftOut, Script
from heroci_action.detection.ci.systems.jobs import read_job
from heroci_action.detection.ci.yaml_file import is_false
from heroci_action.repository.files import RepositoryFiles, join

ELSEWHERE = "the workflow is in another repository"
# HeroCI's own workflow, under any owner.
OWN = "/heroci/.github/workflows/"
_PYTHON = re.compile(r"python(_versions?)?")
_DIRECTORY = re.compile(r"(working|project|root|source)_(directory|dir|path)")
_TESTS = re.compile(r"(test|pytest)s?(_(command|cmd|script|run))?|(command|cmd|script|run)")
# `extra_commands`, `pre_test_command`, `before_script`, `setup_script`
_BEFORE = re.compile(
    r"(extra|additional|pre|before|setup|prepare|preparation|install)(_\w+)?_(commands?|cmds?|scripts?|run|steps?)"
)
_REQUIREMENTS = re.compile(r"(.*_)?requirements?(_(files?|path))?")
_SYSTEM = re.compile(r"(apt|apt_get|system|os|ubuntu|debian|extra)_?(packages|dependencies|deps)")
_PACKAGES = re.compile(r"(pip|python)_(packages|dependencies|deps|install)")
_VARIABLES = re.compile(r"env(ironment)?(_vars?|_variables)?|variables")
_SETTINGS = re.compile(r"(.*_)?settings(_module)?")
# `postgres_version`, `postgres_major_version`, `use_postgis`, `enable_redis`, `mysql_image`
_SERVER = re.compile(
    r"(?:use_|enable_|with_|needs_)?(?P<name>postgis|postgres(?:ql)?|mysql|mariadb|redis|rabbitmq|memcached)"
    r"(?:_(?P<what>(?:major_)?version|image|tag))?"
)


def read_inputs(job: Job, uses: str, inputs: Mapping[str, str], tree: RepositoryFiles) -> Job:
    """Return the job with the commands, servers and Python of its inputs; the workflow itself cannot be read."""
    named = {re.sub(r"\W", "_", name).lower(): text for name, text in inputs.items()}
    known = {name: text for name, text in named.items() if text and UNKNOWN not in text}
    directory = next(_values(_DIRECTORY, known), ".")
    script = Script(
        text="\n".join(_lines(known, directory, tree)),
        source=job.source,
        directory=join(directory),
        env=_environment(known),
    )
    versions = re.findall(r"3\.\d+", " ".join(_values(_PYTHON, known)))
    found = Job(
        name=job.name,
        source=job.source,
        services=tuple(_servers(known, job.source)),
        python=newest_python(versions),
        trigger=job.trigger,
    )
    line = LeftOut(line=f"uses: {uses}", source=job.source, reason=ELSEWHERE)
    read = read_job(found, [script], tree)
    return replace(read, not_followed=(line, *read.not_followed))


def _values(form: re.Pattern[str], inputs: Mapping[str, str]) -> Iterator[str]:
    return (text for name, text in inputs.items() if form.fullmatch(name))


def _environment(inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the inputs list, with the settings that another input names."""
    texts = _values(_VARIABLES, inputs)
    env = {name: value for text in texts for name, value in parse_dotenv(text).items()}
    settings = (text for text in _values(_SETTINGS, inputs) if re.fullmatch(r"[\w.]+", text))
    module = next(settings, None)
    return {**env, "DJANGO_SETTINGS_MODULE": module} if module else env


def _lines(inputs: Mapping[str, str], directory: str, tree: RepositoryFiles) -> Iterator[str]:
    """Yield the shell lines that the inputs amount to: installations, preparation, then the tests."""
    for text in _values(_SYSTEM, inputs):
        yield shlex.join(["apt-get", "install", *text.split()])
    for text in _values(_REQUIREMENTS, inputs):
        files = (file for file in text.split() if tree.has(join(directory, file)))
        yield from (shlex.join(["pip", "install", "-r", file]) for file in files)
    for text in _values(_PACKAGES, inputs):
        yield shlex.join(["pip", "install", *text.split()])
    # `run-tests: true` is no command.
    commands = (*_values(_BEFORE, inputs), *_values(_TESTS, inputs))
    yield from (text for text in commands if not _is_flag(text))


def _is_flag(text: str) -> bool:
    return is_false(text) or text.lower() in {"true", "yes", "1"}


def _servers(inputs: Mapping[str, str], source: str) -> Iterator[Image]:
    """Yield the images of the servers; PostGIS has the version of PostgreSQL."""
    found: dict[str, str] = {}
    for name, text in inputs.items():
        match = _SERVER.fullmatch(name)
        if match is None or is_false(text) or text.lower() == "no":
            continue
        server = match["name"].removesuffix("ql")
        value = text if match["what"] else ""
        found[server] = value if "/" in value or ":" in value else f"{server}:{value}".rstrip(":")
    if "postgis" in found:
        version = found.pop("postgres", "").partition(":")[2]
        found["postgis"] = postgis_image(version if version.isdecimal() else "")
    yield from (Image.parse(reference, source=source) for reference in found.values())
