"""Read YAML files with every scalar as text: the version 3.10 stays 3.10, and True becomes true, as in every CI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml

from heroci_action.detection.ci.command_line import split_words
from heroci_action.repository.files import RepositoryFiles


class Number(str):
    """A number that is not quoted, as the file spells it: services write it in their own way."""

    __slots__ = ()


class Nothing(str):
    """No value: nothing, `~` or `null`. The text is empty, as the services of CI read it."""

    __slots__ = ()


class _Reference(list[str]):
    """GitLab's `!reference [job, key]`."""


class Reset(str):
    """Compose's `!reset`: the key is left out, whatever an earlier file says."""

    __slots__ = ()


class Overriding:
    """Compose's `!override`: the value is not merged with the one of an earlier file."""


class _OverridingTable(Overriding, dict[str, Any]): ...


class _OverridingList(Overriding, list[Any]): ...


_SafeLoader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""Ten times as fast with libyaml."""


class _Loader(_SafeLoader):  # type: ignore[misc,valid-type]
    """A safe loader without implicit types; unknown tags are passed over."""


_BOOLEAN = "tag:yaml.org,2002:bool"
_NUMBER = "tag:yaml.org,2002:float"
_NULL = "tag:yaml.org,2002:null"
# https://yaml.org/spec/1.2.2/#1032-tag-resolution
_NUMERIC = re.compile(
    r"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0x[0-9a-fA-F]+|0o[0-7]+)$"
)
_Loader.yaml_implicit_resolvers = {
    # Of the implicit types, only merge keys (`<<: *defaults`), booleans, numbers and nothing matter.
    "<": [
        entry
        for entry in yaml.SafeLoader.yaml_implicit_resolvers["<"]
        if entry[0].endswith("merge")
    ],
    # A variable `DEBUG: True` is a boolean of YAML, which GitHub, Compose and others write as `true`.
    "T": [(_BOOLEAN, re.compile("(True|TRUE)$"))],
    "F": [(_BOOLEAN, re.compile("(False|FALSE)$"))],
    **{first: [(_NUMBER, _NUMERIC)] for first in "+-.0123456789"},
    **{first: [(_NULL, re.compile("(~|null|Null|NULL)?$"))] for first in ("", "~", "n", "N")},
}


def _untagged(loader: _Loader, _: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


def _reference(loader: _Loader, node: yaml.Node) -> object:
    if not isinstance(node, yaml.SequenceNode):
        return _untagged(loader, "", node)
    return _Reference(map(str, loader.construct_sequence(node)))


def _reset(_: _Loader, __: yaml.Node) -> Reset:
    return Reset()


def _override(loader: _Loader, node: yaml.Node) -> object:
    match _untagged(loader, "", node):
        case dict() as mapping:
            return _OverridingTable(mapping)
        case list() as sequence:
            return _OverridingList(sequence)
        case value:
            # A later text always replaces an earlier one.
            return value


def _boolean(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node)).lower()


def _number(loader: _Loader, node: yaml.ScalarNode) -> Number:
    return Number(loader.construct_scalar(node))


def _nothing(*_: object) -> Nothing:
    return Nothing()


class _Dumper(yaml.SafeDumper):
    """Writes numbers as text too: they are read as text again."""


_Dumper.add_representer(Nothing, lambda dumper, _: dumper.represent_none(None))
_Dumper.add_representer(Number, yaml.SafeDumper.represent_str)
_Dumper.add_multi_representer(dict, yaml.SafeDumper.represent_dict)
_Dumper.add_multi_representer(list, yaml.SafeDumper.represent_list)
_Loader.add_constructor(_BOOLEAN, _boolean)
_Loader.add_constructor(_NUMBER, _number)
_Loader.add_constructor(_NULL, _nothing)
_Loader.add_multi_constructor("!", _untagged)
_Loader.add_constructor("!reference", _reference)
# https://docs.docker.com/reference/compose-file/merge/#reset-value
_Loader.add_constructor("!reset", _reset)
_Loader.add_constructor("!override", _override)


def read_yaml(tree: RepositoryFiles, path: str) -> Mapping[str, Any]:
    """Return the last table in a file; empty if there is none or the file is invalid."""
    return next(iter(reversed(parse_yaml(tree.text(path)))), {})


@lru_cache(maxsize=64)
def parse_yaml(text: str) -> tuple[Mapping[str, Any], ...]:
    """Return the documents that are tables; GitLab's files may begin with one for their inputs.

    Files that include each other are read again and again; documents are never changed.
    """
    try:
        # The loader is a SafeLoader.
        documents = list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, RecursionError, ValueError, TypeError):
        return ()
    return tuple(document for document in documents if isinstance(document, Mapping))


def write_yaml(document: Mapping[str, Any]) -> str:
    """Return a document that was read from files, perhaps changed, as the text of a file."""
    return yaml.dump(document, Dumper=_Dumper)


def is_reference(value: object) -> bool:
    """Return whether a value is GitLab's `!reference`."""
    return isinstance(value, _Reference)


def is_false(text: str) -> bool:
    """Return whether a text is a false value; every scalar is read as text."""
    return text.lower() in {"", "false", "0", "null"}


def table(value: object) -> Mapping[str, Any]:
    """Return a value if it is a table, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Any]:
    """Return a value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """Return the texts in a value that may be one text, a list of them, or nothing."""
    values = [value] if isinstance(value, str) else items(value)
    return [item for item in values if isinstance(item, str) and not isinstance(item, Nothing)]


def read_variables(value: object) -> dict[str, str | None]:
    """Return a table of variables, or a list of `NAME=value`; None for a name without a value."""
    if isinstance(value, Mapping):
        return {name: text for name, text in value.items() if isinstance(text, str)}
    found = (text.partition("=") for text in texts(value))
    return {name: text if sign else None for name, sign, text in found}


def arguments(command: object) -> list[str]:
    """Return the words of a container's command, which may be one text or a list."""
    return split_words(command) if isinstance(command, str) else texts(command)
