"""Explain why a module that belongs to the repository cannot be imported."""

from __future__ import annotations

from dataclasses import dataclass

from heroci_action.analysis.diagnosis.sign import Diagnosis

# Suffixes of files that a developer copies and edits.
_EXAMPLES = (".example", ".sample", ".dist", ".template", "-example", "-sample")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The tracked files of a repository, and the paths of its git submodules."""

    files: frozenset[str] = frozenset()
    submodules: tuple[str, ...] = ()


def explain_missing_module(name: str, tree: Tree) -> Diagnosis | None:
    """Return the cause and remedy if the module belongs to the repository, None if it has to be installed."""
    path = name.replace(".", "/")
    explanations = (
        _submodule(name, tree),
        _example(name, path, tree),
        _elsewhere(name, path, tree),
    )
    return next(filter(None, explanations), None) or _misspelled(name, tree)


def _submodule(name: str, tree: Tree) -> Diagnosis | None:
    first = name.partition(".")[0]
    for path in tree.submodules:
        parts = path.replace("-", "_").split("/")
        has_files = any(file.startswith(f"{path}/") for file in tree.files)
        if first in (parts[0], parts[-1]) and not has_files and not _is_package(first, tree):
            return Diagnosis(
                cause=f"the module {name!r} belongs to the git submodule {path!r}, which is not checked out",
                remedy="run `git submodule update --init`, or set `submodules: true` for actions/checkout",
            )
    return None


def _example(name: str, path: str, tree: Tree) -> Diagnosis | None:
    for file in sorted(tree.files):
        for suffix in _EXAMPLES:
            for example in (f"{path}.py{suffix}", f"{path}{suffix}.py"):
                if file == example or file.endswith(f"/{example}"):
                    target = f"{file.removesuffix(example)}{path}.py"
                    return Diagnosis(
                        cause=f"the module {name!r} is not in the repository, only its example {file!r}",
                        remedy=f"add `cp {file} {target}` to `tests.before`",
                    )
    return None


def _elsewhere(name: str, path: str, tree: Tree) -> Diagnosis | None:
    endings = (f"{path}.py", f"{path}/__init__.py")
    for file in sorted(tree.files):
        for ending in endings:
            if file.endswith(f"/{ending}"):
                root = file.removesuffix(f"/{ending}")
                return Diagnosis(
                    cause=f"the module {name!r} is in the repository, but its directory {root!r} is not on Python's "
                    "import path",
                    remedy=f'install the project, or set `env = {{ PYTHONPATH = "{root}" }}`',
                )
    return None


def _misspelled(name: str, tree: Tree) -> Diagnosis | None:
    first, _, rest = name.partition(".")
    if not rest or not _is_package(first, tree):
        return None
    return Diagnosis(
        cause=f"the project itself refers to the module {name!r}, which does not exist",
        remedy="correct the name where the project refers to it; nothing needs to be installed",
    )


def _is_package(first: str, tree: Tree) -> bool:
    """Return whether a directory of the repository with this name contains Python files."""
    return any(f"/{first}/" in f"/{file}" and file.endswith(".py") for file in tree.files)
