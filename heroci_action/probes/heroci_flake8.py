"""Check with Flake8 only the files that have changed since they last passed.

`python heroci_flake8.py OPTIONS PATH...` takes the arguments of Flake8, which finds the files, with all its settings.
HEROCI_FLAKE8_CACHE names a directory for the hashes of the files that have passed. They count only for the same
versions, arguments and configuration, and only without plugins: a plugin may look at other files, too.

Every exit code but 0 only means that Flake8 itself has to run, so everything unexpected ends here.
"""

# The modules of Flake8 are in another environment, and pathlib takes longer to import:
# ruff: noqa: BLE001, PLC0415, PTH103, PTH105, PTH109, PTH113, PTH117, PTH118, PTH120, PTH123, S606

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from importlib import metadata
from typing import Any, Dict, Iterable, Iterator, List

CONFIGURATION = ("setup.cfg", "tox.ini", ".flake8", "pyproject.toml")
STARTED = "HEROCI_FLAKE8_STARTED"
OWN = frozenset({"flake8", "pycodestyle", "pyflakes", "mccabe"})
UNKNOWN = 3
"""Exit code if nothing was checked."""


class Passed:
    """The hashes of the files that have passed, in a file that belongs to one version and configuration."""

    def __init__(self, directory: str, key: str) -> None:
        self.path = os.path.join(directory, key + ".json")
        self.checked: Dict[str, str] = {}
        self.kept: Dict[str, str] = {}
        try:
            with open(self.path, encoding="utf-8") as stream:
                self.known: Dict[str, str] = dict(json.load(stream))
        except (OSError, ValueError):
            self.known = {}

    def changed(self, paths: Iterable[str]) -> Iterator[str]:
        """Yield the paths that have not passed with their present content."""
        for path in paths:
            found = hash_of(path)
            if found and self.known.get(path) == found:
                self.kept[path] = found
            else:
                self.checked[path] = found
                yield path

    def save(self) -> None:
        """Write the hashes of all files that have passed, unless a file has changed meanwhile."""
        if any(not found or hash_of(path) != found for path, found in self.checked.items()):
            return
        directory = os.path.dirname(self.path)
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory, exist_ok=True)
        temporary = "{}.{}".format(self.path, os.getpid())
        with open(temporary, "w", encoding="utf-8") as stream:
            json.dump({**self.kept, **self.checked}, stream)
        os.replace(temporary, self.path)


def hash_of(path: str) -> str:
    """Return the hash of a file's content, empty if it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest()
    except OSError:
        return ""


def key_of(arguments: List[str], installed: Dict[str, str]) -> str:
    """Return a hash of everything else that decides what Flake8 finds."""
    paths = configuration_files(arguments)
    files = [[os.path.relpath(path), hash_of(path)] for path in paths]
    text = json.dumps([sys.version, sorted(installed.items()), arguments, files])
    return hashlib.sha256(text.encode()).hexdigest()


def configuration_files(arguments: List[str]) -> Iterator[str]:
    """Yield the files that Flake8 may read its settings from: files that options name, and files here and above."""
    # `--config=rules.cfg`, `--append-config rules.cfg`
    named = (word.rpartition("=")[2] for word in arguments)
    yield from (word for word in named if os.path.isfile(word) and not word.endswith(".py"))
    directory = os.getcwd()
    while True:
        yield from (os.path.join(directory, name) for name in CONFIGURATION)
        parent = os.path.dirname(directory)
        if parent == directory:
            return
        directory = parent


def extensions() -> Dict[str, str]:
    """Return the versions of Flake8 and of the distributions that extend it."""
    found = {}
    for each in metadata.distributions():
        name = (each.metadata["Name"] or "").lower()
        if name in OWN or any(entry.group.startswith("flake8.") for entry in each.entry_points):
            found[name] = each.version
    return found


def has_plugins(installed: Dict[str, str], arguments: List[str]) -> bool:
    """Return whether anything but its own parts extends Flake8."""
    local = ("local-plugins", "local_plugins")
    texts = (read(path) for path in configuration_files(arguments))
    return bool(set(installed) - OWN) or any(name in text for text in texts for name in local)


def read(path: str) -> str:
    """Return the text of a file, empty if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def check(arguments: List[str], directory: str) -> int:
    """Run Flake8 on what has changed, and return its exit code."""
    installed = extensions()
    if has_plugins(installed, arguments):
        return UNKNOWN

    # Slow to import, and not needed with plugins.
    from flake8 import checker  # type: ignore[import-untyped,unused-ignore]
    from flake8.main.application import (  # type: ignore[import-untyped,unused-ignore]
        Application,
    )

    passed = Passed(directory, key_of(arguments, installed))
    find: Any = checker.expand_paths
    checker.expand_paths = lambda **options: passed.changed(find(**options))
    application = Application()
    application.run(arguments)
    if application.exit_code() or application.result_count or application.options.exit_zero:
        return UNKNOWN
    passed.save()
    return 0


def main() -> int:
    """Check the changed files with the Flake8 that is on the PATH."""
    program = shutil.which("flake8")
    directory = os.environ.get("HEROCI_FLAKE8_CACHE")
    if not program or not directory:
        return UNKNOWN
    first = read(program).partition("\n")[0]
    python = first[2:].strip()
    if first.startswith("#!") and os.path.isabs(python) and STARTED not in os.environ:
        # The environment in which Flake8 is installed.
        os.execve(python, [python, *sys.argv], {**os.environ, STARTED: "1"})
    try:
        return check(sys.argv[1:], directory)
    except Exception:
        return UNKNOWN


if __name__ == "__main__":
    sys.exit(main())
