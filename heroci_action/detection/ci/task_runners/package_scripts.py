"""Expand the scripts of package.json: `npm run test:django`, `yarn lint`, `pnpm --dir ui test`."""

from __future__ import annotations

import fnmatch
import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from heroci_action.detection.ci.records import Command, Script
from heroci_action.detection.ci.yaml_file import table
from heroci_action.repository.files import RepositoryFiles, join

# Debian calls yarn `yarnpkg`.
PACKAGE_MANAGERS = frozenset({"npm", "yarn", "yarnpkg", "pnpm", "bun"})
RUN_ALL = frozenset({"run-s", "run-p", "npm-run-all", "npm-run-all2"})
# A workspace may be named by its directory; by the name of its package, its scripts are not found.
_DIRECTORIES = frozenset({"--prefix", "-C", "--cwd", "--dir", "--workspace", "-F", "--filter"})
_RUN = frozenset({"run", "run-script"})
_SHORT = {"t": "test", "tst": "test"}
# npm runs these scripts without `run`; yarn and the others run any script that is not one of their commands.
_OF_NPM = frozenset({*_SHORT, "test", "start", "stop", "restart"})
_OWN = frozenset(
    {
        "add", "audit", "cache", "ci", "config", "create", "dlx", "exec", "i", "import", "info", "init", "install",
        "link", "outdated", "pack", "publish", "remove", "set", "up", "update", "upgrade", "why", "x",
    }
)  # fmt: skip


def expand_package_script(command: Command, tree: RepositoryFiles) -> tuple[Script, ...] | None:
    """Return a script with those before and after it; None for any other command of the package manager."""
    words, directory = split_directory(command)
    if words and words[0] in _RUN:
        words = words[1:]
    elif words and not _names_script(command.call.name, words[0]):
        return None
    if not words:
        return None
    path = join(directory, "package.json")
    arguments = [word for word in words[1:] if word != "--" and not word.startswith("--silent")]
    start = Script(text="", source=path, directory=directory, env=command.env)
    return _script(_scripts(tree, path), _SHORT.get(words[0], words[0]), arguments, start)


def _names_script(manager: str, word: str) -> bool:
    """Return whether a word after the name of a package manager may be a script: `npm ci` never runs one."""
    if manager == "npm":
        return word in _OF_NPM
    # `bun test` is bun's own test runner.
    return word not in _OWN and (manager, word) != ("bun", "test")


def expand_run_all(command: Command, tree: RepositoryFiles) -> tuple[Script, ...] | None:
    """Return the scripts that `run-s NAME…` of npm-run-all runs; `lint:*` names several."""
    path = join(command.directory, "package.json")
    scripts = _scripts(tree, path)
    start = Script(text="", source=path, directory=command.directory, env=command.env)
    patterns = (word for word in command.call.arguments if not word.startswith("-"))
    names = chain.from_iterable(fnmatch.filter(scripts, pattern) for pattern in patterns)
    found = (_script(scripts, name, [], start) or () for name in names)
    return tuple(chain.from_iterable(found)) or None


def _scripts(tree: RepositoryFiles, path: str) -> Mapping[str, Any]:
    return table(_read(tree, path).get("scripts"))


def _script(
    scripts: Mapping[str, Any], name: str, arguments: list[str], start: Script
) -> tuple[Script, ...] | None:
    """Return a script with those before and after it; None if there is no such script."""
    if not isinstance(scripts.get(name), str):
        return None
    lines = [
        scripts.get(f"pre{name}"),
        f"{scripts[name]} {shlex.join(arguments)}",
        scripts.get(f"post{name}"),
    ]
    return tuple(replace(start, text=line) for line in lines if isinstance(line, str))


def split_directory(command: Command) -> tuple[tuple[str, ...], str]:
    """Return the words of a package manager without its options, and the directory that they name."""
    words: list[str] = []
    directory = command.directory
    pending = iter(command.call.arguments)
    for word in pending:
        name, sign, value = word.partition("=")
        if name in _DIRECTORIES or (name, command.call.name) == ("-w", "npm"):
            directory = join(command.directory, value if sign else next(pending, "."))
        elif not word.startswith("-") or not _RUN.issuperset(words):
            # `npm run -- build`, `yarn run --silent build`
            words.append(word)
    return tuple(words), directory


def _read(tree: RepositoryFiles, path: str) -> Mapping[str, Any]:
    try:
        return table(json.loads(tree.text(path)))
    except (ValueError, RecursionError):
        return {}
