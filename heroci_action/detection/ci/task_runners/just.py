"""Expand a call of just into the recipes that it runs."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.dotenv import parse_known
from heroci_action.detection.ci.records import ROOT, UNKNOWN, Command, Script
from heroci_action.detection.ci.working_tree import WorkingTree
from heroci_action.repository.files import ancestors, join, parent

NAMES = ("justfile", "Justfile", ".justfile")
MAX_DEPTH = 20  # recipes that need each other
_VALUED = frozenset({"-f", "--justfile", "-d", "--working-directory"})
# `export DEBUG := "1"`
_ASSIGNMENT = re.compile(r"(export\s+)?([A-Za-z_][\w-]*)\s*:=\s*(.*)")
# `set dotenv-filename := ".env.ci"`
_SETTING = re.compile(r"set\s+(dotenv-[a-z]+)\s*(?::=\s*(.*))?")
# `*args='shop library'`
_PARAMETER = r"[*+$]?[A-Za-z_][\w-]*(?:=(?:'[^']*'|\"[^\"]*\"|[^\s:]+))?"
# `test *args='': build`
_RECIPE = re.compile(rf"@?([A-Za-z_][\w-]*)((?:\s+{_PARAMETER})*)\s*:(?!=)\s*(.*)")
# The functions of just whose value does not matter here.
_OF_JUST = {"just_executable()": "just", "justfile_directory()": ROOT}
# `'shop'`
_QUOTED = re.compile(r"(['\"])(?P<text>(?:(?!\1).)*)\1")
# `env('DB', 'shop')`
_ENV = re.compile(
    r"(?:env|env_var_or_default)\(\s*(['\"])\w+\1\s*,\s*(['\"])(?P<text>[^'\"]*)\2\s*\)"
)
# `if os() == "linux" { "a" } else { "b" }`
_CONDITION = re.compile(
    r"if\s+(?P<left>.+?)\s*(?P<operator>==|!=)\s*(?P<right>.+?)\s*\{(?P<then>.+?)\}\s*else\s*\{(?P<otherwise>.+)\}"
)
# `"build" / name`, `name + ".txt"`: an operator that is not in a text
_OPERATOR = re.compile(r"""\s*([/+])\s*(?=(?:[^'"]*(?:'[^']*'|"[^"]*"))*[^'"]*$)""")
# `(build "shop" mode)`, `&&`, `build`
_NEED = re.compile(r"""\((?P<call>(?:'[^']*'|"[^"]*"|[^'")])*)\)|(?P<name>&&|[\w-]+)""")
# `"shop"`, `mode`
_ARGUMENT = re.compile(r"""'[^']*'|"[^"]*"|\S+""")
# `{{ args }}`
_REFERENCE = re.compile(r"\{\{\s*(.*?)\s*\}\}")


@dataclass(kw_only=True)
class _Recipe:
    parameters: list[str] = field(default_factory=list)
    needs: list[list[str]] = field(default_factory=list)  # names with their arguments
    lines: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class _Justfile:
    path: str
    variables: dict[str, str] = field(default_factory=dict)
    exported: dict[str, str] = field(default_factory=dict)
    recipes: dict[str, _Recipe] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, path: str, text: str, given: Mapping[str, str]) -> _Justfile:
        """Read a file; the variables that a call gives win."""
        justfile = cls(path=path)
        recipe: _Recipe | None = None
        for line in text.replace("\\\n", " ").splitlines():
            if line[:1].isspace() and line.strip() and recipe is not None:
                recipe.lines.append(line.strip())
            elif match := _ASSIGNMENT.fullmatch(line.strip()):
                justfile._assign(match, given)
            elif match := _SETTING.fullmatch(line.strip()):
                value = _evaluate(match[2] or "", {})
                justfile.settings[match[1]] = ".env" if value == UNKNOWN else value
            elif match := _RECIPE.fullmatch(line.rstrip()):
                recipe = _Recipe(
                    parameters=re.findall(_PARAMETER, match[2]), needs=_needs(match[3])
                )
                justfile.recipes[match[1]] = recipe
        return justfile

    def _assign(self, match: re.Match[str], given: Mapping[str, str]) -> None:
        value = given.get(match[2]) or _evaluate(match[3], self.variables)
        self.variables[match[2]] = value
        if match[1] and value != UNKNOWN:
            self.exported[match[2]] = value

    def scripts(
        self, name: str, arguments: list[str], start: Script, depth: int = 0
    ) -> Iterator[Script]:
        """Yield the lines of a recipe between the recipes that it needs before and after it."""
        recipe = self.recipes.get(name)
        if recipe is None or depth > MAX_DEPTH:
            return
        values = {**_OF_JUST, **self.variables}
        values |= _bind(recipe.parameters, arguments, values)
        needs = [
            [need, *(_evaluate(word, values) for word in words)] for need, *words in recipe.needs
        ]
        after = needs.index(["&&"]) if ["&&"] in needs else len(needs)
        for needed, *given in needs[:after]:
            yield from self.scripts(needed, given, start, depth + 1)
        yield from self._lines(recipe, values, arguments, start)
        for needed, *given in needs[after + 1 :]:
            yield from self.scripts(needed, given, start, depth + 1)

    def _lines(
        self, recipe: _Recipe, values: Mapping[str, str], arguments: list[str], start: Script
    ) -> Iterator[Script]:
        lines = [
            _REFERENCE.sub(lambda match: _evaluate(match[1], values), line) for line in recipe.lines
        ]
        is_script = bool(lines) and lines[0].startswith("#!")
        for text in ["\n".join(lines[1:])] if is_script else lines:
            yield Script(
                text=text.lstrip("@-"),
                source=self.path,
                directory=start.directory,
                env={**start.env, **self.exported},
                arguments=tuple(arguments),
                may_fail=text.lstrip("@").startswith("-"),
            )


def _evaluate(text: str, values: Mapping[str, str]) -> str:
    """Return the value of an expression: a text, a variable, a default as in `env("NAME", "text")`, or a condition.

    Operators join several.
    """
    text = text.strip()
    if match := _QUOTED.fullmatch(text) or _ENV.fullmatch(text):
        return match["text"]
    if match := _CONDITION.fullmatch(text):
        left, right = (_evaluate(match[side], values) for side in ("left", "right"))
        if UNKNOWN in (left, right):
            return UNKNOWN
        holds = (left == right) is (match["operator"] == "==")
        return _evaluate(match["then" if holds else "otherwise"], values)
    if operator := _OPERATOR.search(text):
        left = _evaluate(text[: operator.start()], values)
        right = _evaluate(text[operator.end() :], values)
        return f"{left}/{right}" if operator[1] == "/" else left + right
    return values.get(text, UNKNOWN)


def _needs(text: str) -> list[list[str]]:
    """Return the names after the colon, `(name argument)` with its arguments."""
    found = _NEED.finditer(text.partition("#")[0])
    return [_ARGUMENT.findall(match["call"] or match["name"]) for match in found]


def _bind(parameters: list[str], arguments: list[str], values: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a recipe's parameters: `*args` takes the rest."""
    found: dict[str, str] = {}
    rest = list(arguments)
    for parameter in parameters:
        name, _, text = parameter.lstrip("$").partition("=")
        default = _evaluate(text, {**values, **found}) if text else ""
        if name[0] in "*+":
            found[name[1:]] = shlex.join(rest) or default
            rest = []
        else:
            found[name] = rest.pop(0) if rest else default
    return found


def expand_just(command: Command, files: WorkingTree) -> tuple[Script, ...] | None:
    """Return the recipes that a call runs; None if there is no justfile or no such recipe."""
    options = Options.lead(command.call.arguments, _VALUED)
    words = [*itertools.dropwhile(lambda word: "=" in word, options.words)]
    given = dict(word.split("=", 1) for word in options.words[: len(options.words) - len(words)])
    # `just docker/build` is the recipe of the justfile in that directory.
    place, slash, name = (words[0] if words else "").rpartition("/")
    if slash:
        words = [*filter(None, [name]), *words[1:]]
    named = options.value("-f", "--justfile")
    directory = join(command.directory, place)
    path = join(command.directory, named) if named else _find(directory, files)
    text = files.text(path) if path else None
    if path is None or text is None:
        return None
    justfile = _Justfile.parse(path, text, given)
    env = {**_dotenv(justfile, files), **command.env}
    start = Script(text="", source=path, directory=parent(path), env=env)
    return tuple(_called(justfile, words, start)) or None


def _dotenv(justfile: _Justfile, files: WorkingTree) -> dict[str, str]:
    """Return the variables of the file that the settings make just read; the environment has priority."""
    names = ("dotenv-path", "dotenv-filename", "dotenv-load")
    name = next((justfile.settings[name] for name in names if name in justfile.settings), None)
    text = files.text(join(parent(justfile.path), name)) if name else None
    return parse_known(text or "")


def _called(justfile: _Justfile, words: list[str], start: Script) -> Iterator[Script]:
    """Yield the scripts of a recipe with its arguments, or of several recipes without parameters."""
    name, *arguments = words or [*justfile.recipes][:1] or [""]
    recipe = justfile.recipes.get(name)
    if recipe is None or recipe.parameters:
        yield from justfile.scripts(name, arguments, start)
        return
    for word in (name, *arguments):
        yield from justfile.scripts(word, [], start)


def _find(directory: str, files: WorkingTree) -> str | None:
    places = ancestors(directory) if not directory.startswith("/") else ()
    paths = (join(place, name) for place in places for name in NAMES)
    return next((path for path in paths if files.has(path)), None)
