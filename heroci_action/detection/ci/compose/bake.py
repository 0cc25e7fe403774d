"""The builds of `docker buildx bake`, whose targets are in a file of HCL or JSON.

https://docs.docker.com/build/bake/reference/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from heroci_action.detection.ci.command_line import Options
from heroci_action.detection.ci.compose.image_build import ImageBuild
from heroci_action.detection.ci.compose.interpolation import fill
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import Command
from heroci_action.detection.ci.yaml_file import table, texts
from heroci_action.repository.files import RepositoryFiles, join, parent

FILES = ("docker-bake.json", "docker-bake.hcl")
BAKE_FILE = r"(.*/)?docker-bake[\w.-]*\.(hcl|json)"
MAX_DEPTH = 10  # targets that inherit from each other
_VALUED = frozenset({"-f", "--file", "--set", "--progress", "--metadata-file", "--builder"})
# `target "tests" {`
_BLOCK = re.compile(r'(?m)^\s*(target|group|variable)\s+"([^"]+)"\s*\{')
# `tags = ["shop:tests"]`, `context = "."`, `args = { MODE = "test" }`
_ATTRIBUTE = re.compile(r'([\w-]+)\s*=\s*("[^"]*"|\[[^\]]*\]|\{[^}]*\})')
_TEXT = re.compile(r'"([^"]*)"')


def bake(command: Command, words: list[str], tree: RepositoryFiles) -> Iterator[ImageBuild]:
    """Yield the builds of the targets that the words after `docker buildx bake` name."""
    options = Options.split(words, _VALUED)
    named = options.values("-f", "--file") or FILES
    found = _File(directory=command.directory, source=command.source)
    for path in (join(command.directory, name) for name in named):
        found.add(tree.text(path), is_json=path.endswith(".json"))
    for target in options.words or ("default",):
        yield from found.builds(target)


def read_bake_files(tree: RepositoryFiles) -> Iterator[ImageBuild]:
    """Yield the builds of every target in the repository's files, whether or not the CI calls them."""
    for path in tree.matching(BAKE_FILE):
        found = _File(directory=parent(path), source=path)
        found.add(tree.text(path), is_json=path.endswith(".json"))
        for name in found.targets:
            yield from found.builds(name)


@dataclass(kw_only=True)
class _File:
    """The blocks of the files of a call."""

    directory: str
    source: str
    targets: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def add(self, text: str, *, is_json: bool) -> None:
        """Add the blocks of a file."""
        blocks = _read_json(text) if is_json else _read_hcl(text)
        for kind, name, content in blocks:
            if kind == "variable":
                self.values[name] = str(content.get("default", ""))
            else:
                (self.targets if kind == "target" else self.groups)[name] = content

    def builds(self, name: str, depth: int = 0) -> Iterator[ImageBuild]:
        """Yield the build of a target, or the builds of a group."""
        if name in self.groups and depth < MAX_DEPTH:
            for inner in texts(self.groups[name].get("targets")):
                yield from self.builds(inner, depth + 1)
        elif name in self.targets:
            yield from self._build(self._inherited(name))

    def _inherited(self, name: str, depth: int = 0) -> dict[str, Any]:
        own = self.targets.get(name, {})
        found: dict[str, Any] = {}
        for base in texts(own.get("inherits")) if depth < MAX_DEPTH else ():
            found |= self._inherited(base, depth + 1)
        return {**found, **own}

    def _build(self, target: Mapping[str, Any]) -> Iterator[ImageBuild]:
        context = locate(self._text(target, "context") or ".", self.directory)
        if context is not None:
            file = self._text(target, "dockerfile") or "Dockerfile"
            arguments = table(target.get("args"))
            yield ImageBuild(
                # The file is relative to the context.
                dockerfile=join(context, file),
                context=context,
                target=self._text(target, "target") or None,
                source=self.source,
                arguments={name: fill(str(text), self.values) for name, text in arguments.items()},
                tags=tuple(fill(tag, self.values) for tag in texts(target.get("tags"))),
            )

    def _text(self, target: Mapping[str, Any], key: str) -> str:
        return fill(str(target.get(key, "")), self.values)


def _read_json(text: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    try:
        content = table(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        return
    for kind in ("target", "group", "variable"):
        yield from ((kind, name, table(block)) for name, block in table(content.get(kind)).items())


def _read_hcl(text: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    text = re.sub(r"(?m)^\s*(#|//).*$", "", text)
    heads = list(_BLOCK.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    for head, end in zip(heads, ends, strict=False):
        found = _ATTRIBUTE.findall(text[head.end() : end])
        yield head[1], head[2], {name: _value(value) for name, value in found}


def _value(text: str) -> Any:
    match text[0]:
        case "[":
            return _TEXT.findall(text)
        case "{":
            return {name: value[1:-1] for name, value in _ATTRIBUTE.findall(text[1:])}
    return text[1:-1]
