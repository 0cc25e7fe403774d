"""Read tox's configuration: environments with their commands, dependencies and variables."""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from heroci_action.detection.ci.command_line import split_words
from heroci_action.detection.ci.paths import locate, spell
from heroci_action.detection.ci.records import ROOT, UNKNOWN
from heroci_action.detection.ci.task_runners.tox_factors import expand_names, find_python, lines
from heroci_action.repository.files import RepositoryFiles, join, parse_ini

MAX_NESTED = 20  # sections that refer to each other
# `{posargs:tests}`
_REFERENCE = re.compile(r"(?<!\\)\{([^{}]*)\}")
# `testenv:py312`
_SECTION = re.compile(r"testenv:(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToxEnvironment:
    """What tox does in one environment, before and for its commands, with the variables that they see."""

    name: str
    commands: tuple[str, ...]
    directory: str
    python: str | None = None
    deps: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    installs_project: bool = True
    installer: tuple[str, ...] = ("pip", "install")
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToxConfig:
    """The sections of tox.ini, or their equivalent in the other files; values are text as in tox.ini."""

    path: str
    directory: str
    sections: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(
        cls, tree: RepositoryFiles, directory: str, name: str | None = None
    ) -> ToxConfig | None:
        """Read the configuration in a directory; None if there is none."""
        for file in (name,) if name else ("tox.ini", "setup.cfg", "pyproject.toml", "tox.toml"):
            path = join(directory, file)
            sections = _sections(tree, path) if tree.has(path) else None
            if sections is not None:
                return cls(path=path, directory=directory, sections=sections)
        return None

    @property
    def names(self) -> tuple[str, ...]:
        """Return the environments of the list, with its braces expanded."""
        tox = self.sections.get("tox", {})
        return tuple(expand_names(tox.get("env_list", tox.get("envlist", ""))))

    @property
    def own_names(self) -> tuple[str, ...]:
        """Return the environments with an own section; without any, the common section."""
        found = [
            name
            for section in self.sections
            if (match := _SECTION.fullmatch(section))
            for name in expand_names(match[1])
        ]
        return tuple(found) or ("py",)

    def environment(
        self, name: str, posargs: tuple[str, ...], env: Mapping[str, str]
    ) -> ToxEnvironment:
        """Return what tox does in an environment, called with these arguments and variables."""
        values = self._values(name)
        before = _Reading(self, name, posargs, env, values)
        # `{env:NAME}` also reads what the environment sets itself: https://tox.wiki/en/latest/config.html#set_env
        own = dict(_pairs(before.lines("setenv", "set_env")))
        reading = _Reading(self, name, posargs, {**env, **own}, values)
        changed = (*reading.lines("changedir", "change_dir"), ".")[0]
        return ToxEnvironment(
            name=name,
            commands=(*reading.lines("commands_pre"), *reading.lines("commands")),
            directory=locate(changed, self.directory) or self.directory,
            python=find_python([*reading.words("basepython", "base_python"), *name.split("-")]),
            deps=tuple(reading.lines("deps")),
            extras=tuple(reading.words("extras")),
            groups=tuple(reading.words("dependency_groups")),
            installs_project=not self._skips_install(reading.values),
            installer=_installer(" ".join(reading.lines("install_command"))),
            variables={
                **_passed(env, reading.words("passenv", "pass_env")),
                **dict(_pairs(reading.lines("setenv", "set_env"))),
            },
        )

    def ignores_outcome(self, name: str) -> bool:
        """Return whether tox passes even if an environment fails."""
        reading = _Reading(self, name, (), {}, self._values(name))
        return "true" in map(str.lower, reading.lines("ignore_outcome"))

    def _values(self, name: str) -> dict[str, str]:
        found = dict(self.sections.get("testenv", {}))
        for section, options in self.sections.items():
            match = _SECTION.fullmatch(section)
            if match and name in expand_names(match[1]):
                found |= options
        return found

    def _skips_install(self, values: Mapping[str, str]) -> bool:
        tox = self.sections.get("tox", {})
        switches = (values.get("skip_install"), tox.get("skipsdist"), tox.get("no_package"))
        return values.get("package") == "skip" or any(
            str(switch).lower() == "true" for switch in switches
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """The options of one environment, with tox's references replaced."""

    config: ToxConfig
    name: str
    posargs: tuple[str, ...]
    env: Mapping[str, str]
    values: Mapping[str, str]

    def lines(self, *names: str) -> list[str]:
        """Return the lines of the first of these options that hold in the environment."""
        text = next((self.values[name] for name in names if name in self.values), "")
        factors = frozenset(self.name.split("-")) | {self.name}
        return [line.strip() for line in lines(self._fill(text), factors) if line.strip()]

    def words(self, *names: str) -> list[str]:
        return [word for line in self.lines(*names) for word in re.split(r"[\s,]+", line)]

    def _fill(self, text: str) -> str:
        for _ in range(MAX_NESTED):
            # The innermost references are replaced first: {posargs:{toxinidir}/tests}.
            filled = _REFERENCE.sub(self._value, text)
            if filled == text:
                break
            text = filled
        return text

    def _value(self, match: re.Match[str]) -> str:
        name, _, default = match[1].partition(":")
        if name == "posargs":
            return shlex.join(self.posargs) or default
        if name == "env":
            variable, sign, default = default.partition(":")
            return self.env.get(variable, default if sign else UNKNOWN)
        if section := re.fullmatch(r"\[([^]]+)\](\w+)", match[1]):
            return self.config.sections.get(section[1], {}).get(section[2], "")
        known = {**_CONSTANTS, "toxinidir": spell(self.config.directory), "envname": self.name}
        known |= {"tox_root": known["toxinidir"], "env_name": self.name, "posargs": default}
        # Braces with a comma are factors: py{312,313}.
        return known.get(match[1], match[0] if "," in match[1] or not match[1] else UNKNOWN)


_CONSTANTS = {
    "/": "/",
    # The placeholder of the plan, which an earlier pass has put in.
    "root": ROOT,
    "envpython": "python",
    "env_python": "python",
    "basepython": "python",
    "envbindir": "bin",
    "env_bin_dir": "bin",
}


def _installer(line: str) -> tuple[str, ...]:
    """Return the command with which tox installs, without its placeholders, if it is a call of pip or uv."""
    known = tuple(word for word in split_words(line) if "{" not in word and UNKNOWN not in word)
    is_known = "install" in known and not {"pip", "uv"}.isdisjoint(known)
    return known if is_known else ("pip", "install")


def _passed(env: Mapping[str, str], patterns: list[str]) -> dict[str, str]:
    """Return the variables that reach the commands, all others being hidden from them.

    https://tox.wiki/en/latest/config.html#pass_env
    """
    # Until version 3, this variable extended the list.
    wanted = (*patterns, *re.split(r"[\s,]+", env.get("TOX_TESTENV_PASSENV", "")))
    return {
        name: value
        for name, value in env.items()
        if any(fnmatch.fnmatchcase(name.upper(), pattern.upper()) for pattern in wanted)
    }


def _pairs(found: list[str]) -> Iterator[tuple[str, str]]:
    for line in found:
        name, sign, value = line.partition("=")
        if sign and UNKNOWN not in value:
            yield name.strip(), value.strip().strip("\"'")


def _sections(tree: RepositoryFiles, path: str) -> Mapping[str, Mapping[str, str]] | None:
    """Return the sections of a file in the form of tox.ini; None if it does not configure tox."""
    name = path.rpartition("/")[2]
    if name.endswith(".toml"):
        return _from_toml(tree.toml(path) if name == "tox.toml" else _tool(tree, path))
    sections = tree.ini(path)
    if name == "setup.cfg":
        sections = {
            section.replace("tox:tox", "tox"): values for section, values in sections.items()
        }
        return sections if any(section.startswith("testenv") for section in sections) else None
    return sections


def _tool(tree: RepositoryFiles, path: str) -> Mapping[str, Any]:
    tool = tree.toml(path).get("tool")
    table = tool.get("tox") if isinstance(tool, Mapping) else None
    return table if isinstance(table, Mapping) else {}


def _from_toml(table: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]] | None:
    legacy = table.get("legacy_tox_ini")
    if isinstance(legacy, str):
        return parse_ini(legacy)
    if not table:
        return None
    base = table.get("env_run_base", table.get("testenv"))
    sections = {
        "tox": {
            name: _text(value) for name, value in table.items() if not isinstance(value, Mapping)
        }
    }
    sections["testenv"] = _texts(base)
    environments = table.get("env")
    for name, values in environments.items() if isinstance(environments, Mapping) else ():
        sections[f"testenv:{name}"] = _texts(values)
    return sections


def _texts(table: object) -> dict[str, str]:
    return (
        {name: _text(value) for name, value in table.items()} if isinstance(table, Mapping) else {}
    )


def _text(value: object) -> str:
    """Return a value in the form of tox.ini: one item a line, commands as lines, variables as NAME=value."""
    if isinstance(value, Mapping):
        pairs = value.items()
        return "\n".join(f"{name}={text}" for name, text in pairs if isinstance(text, str))
    if isinstance(value, list):
        items = (_item(item) for item in value)
        return "\n".join(item for item in items if item)
    return str(value)


def _item(item: object) -> str:
    if isinstance(item, list):
        words = (
            _item(word) if isinstance(word, Mapping) else shlex.quote(str(word)) for word in item
        )
        return " ".join(word for word in words if word)
    if isinstance(item, Mapping):
        # { replace = "posargs", default = ["tests"] }
        default = item.get("default")
        text = shlex.join(map(str, default)) if isinstance(default, list) else ""
        return f"{{posargs:{text}}}" if item.get("replace") == "posargs" else ""
    return str(item)
