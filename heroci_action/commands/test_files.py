"""Compare the number of tests that ran with the number of test files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from heroci_action.commands.plan import Project
from heroci_action.config.model import Config
from heroci_action.detection.pytest_file import find_pytest_options
from heroci_action.pipeline.runner_arguments import has_selecting_option
from heroci_action.project import ProjectConfig
from heroci_action.repository.files import RepositoryFiles, ancestors, join, parent
from heroci_action.results.records import StageResult, Status
from heroci_action.text import count

FEWEST_FILES = 3
"""A project with fewer test files may have fewer tests than files without any being lost."""
_PATTERN = re.compile(r"--pattern=(.+)")
_IS_TEST = re.compile(r"def test|class \w*Test|Test\w*\(")
_NOT_VISITED = re.compile(r"(^|/)(build|dist|node_modules|venv|[^/]+\.egg|_darcs|CVS|\.[^/]+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Discovery:
    """How a runner finds its files: patterns of their names, and where it starts, from the repository's root."""

    patterns: tuple[str, ...]
    starts: tuple[str, ...]
    packages_only: bool


def warn_of_few_tests(project: Project, stages: Iterable[StageResult]) -> Iterator[str]:
    """Warn if a complete run had less than half as many tests as the project has test files."""
    number = None if _is_partial(project) else _count_tests(stages)
    if number is None:
        return
    tree = RepositoryFiles(root=project.loaded.root, files=tuple(sorted(project.files)))
    found = find_test_files(project.loaded, tree)
    # Most projects have more tests than files, so that no file is read.
    if 2 * number >= len(found):
        return
    files = sum(1 for file in found if _IS_TEST.search(tree.text(file)))
    if files >= FEWEST_FILES and 2 * number < files:
        yield (
            f"only {count(number, 'test')} ran, but the test runner's pattern matches {files} files with tests; "
            "check tests.args and the settings of the test runner"
        )


def _count_tests(stages: Iterable[StageResult]) -> int | None:
    """Return the number of tests, None if their stage did not pass, or if passed tests are packed, as thousands are."""
    for stage in stages:
        if stage.name == "tests" and stage.status is Status.PASSED:
            return None if any(step.passed for step in stage.steps) else sum(1 for _ in stage.tests)
    return None


def _is_partial(project: Project) -> bool:
    context = project.context
    limited = (project.partial, context.shard, context.only, context.arguments, context.affected)
    return any(limited)


def find_test_files(loaded: ProjectConfig, tree: RepositoryFiles) -> frozenset[str]:
    """Return the files that the runner looks into; none if its arguments or a script choose the tests."""
    config = loaded.config
    if config.tests.script is not None:
        return frozenset()
    found: set[str] = set()
    for arguments in config.tests.args or ((),):
        discovery = _discovery(config, tree, arguments)
        if discovery is None:
            return frozenset()
        found.update(_found(tree, discovery, loaded.facts.other_projects))
    return frozenset(found)


def _discovery(
    config: Config, tree: RepositoryFiles, arguments: Sequence[str]
) -> _Discovery | None:
    directory = str(config.working_directory)
    if config.tests.runner == "pytest":
        return _pytest(tree, directory, arguments)
    return _django(tree, directory, arguments)


def _pytest(tree: RepositoryFiles, directory: str, arguments: Sequence[str]) -> _Discovery | None:
    file, options = find_pytest_options(tree, ancestors(directory))
    if has_selecting_option((*options.get("addopts", "").split(), *arguments)):
        return None
    if any("collect_ignore" in tree.text(path) for path in tree.matching(r"(.*/)?conftest\.py")):
        return None
    labels = _labels(tree, directory, arguments)
    if labels is None:
        return None
    configured = (join(parent(file or "."), path) for path in options.get("testpaths", "").split())
    return _Discovery(
        patterns=tuple(options.get("python_files", "test_*.py *_test.py").split()),
        starts=labels or tuple(configured) or (directory,),
        packages_only=False,
    )


def _django(tree: RepositoryFiles, directory: str, arguments: Sequence[str]) -> _Discovery | None:
    if has_selecting_option(arguments):
        return None
    labels = _labels(tree, directory, [word.replace(".", "/") for word in arguments])
    if labels is None:
        return None
    given = (match[1] for word in arguments if (match := _PATTERN.fullmatch(word)))
    return _Discovery(
        patterns=(next(given, "test*.py"),), starts=labels or (directory,), packages_only=True
    )


def _labels(
    tree: RepositoryFiles, directory: str, arguments: Sequence[str]
) -> tuple[str, ...] | None:
    """Return the directories among the arguments; None if one of them is a file, a test, or not known."""
    found: list[str] = []
    before = ""
    for word in arguments:
        is_value = before.startswith("-") and "=" not in before
        if not word.startswith("-"):
            path = join(directory, word)
            if tree.has_directory(path):
                found.append(path)
            elif not is_value:
                return None
        before = word
    return tuple(found)


def _found(tree: RepositoryFiles, discovery: _Discovery, others: frozenset[str]) -> Iterator[str]:
    """Yield the files whose names match, in the directories that the runner visits."""
    for file in tree.files:
        name = file.rpartition("/")[2]
        inside = _below_start(file, discovery.starts)
        if inside is None or not any(fnmatchcase(name, one) for one in discovery.patterns):
            continue
        if others & set(inside) or _NOT_VISITED.search(file):
            continue
        if not discovery.packages_only or all(tree.has(join(p, "__init__.py")) for p in inside):
            yield file


def _below_start(file: str, starts: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the directories of a file below the directory where the search starts; None if it is elsewhere."""
    places = ancestors(parent(file))
    start = next((one for one in starts if one in places), None)
    return None if start is None else places[: places.index(start)]
