"""Read which tests a test command selects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from heroci_action.detection.ci.arguments import SELECTING, keep
from heroci_action.detection.ci.command_line import read_options
from heroci_action.detection.ci.paths import locate
from heroci_action.detection.ci.records import UNKNOWN
from heroci_action.detection.ci.test_runs import Runner, TestRun
from heroci_action.repository.files import ancestors, join

PART, _FILE, CLASS = 1, 2, 3
_VALUED = frozenset(
    {
        "-k", "-m", "--tag", "--exclude-tag", "--settings", "--ds", "-p", "-c", "-o", "-n", "-W", "--ignore",
        "--ignore-glob", "--confcutdir", "--import-mode",
        "--deselect", "--pattern", "--verbosity", "-r", "--cov", "--cov-report", "--maxfail", "--junitxml",
        "--parallel",
        "--numprocesses", "--rootdir", "--durations", "--tb", "--top-level-directory", "-t", "--testrunner",
        "--pythonpath", "--browser", "--dist", "--override-ini", "--pythonwarnings",
    }
)  # fmt: skip
# Options that configure a run but leave no test out.
_CONFIGURING = frozenset(
    {
        "-p", "-o", "-W", "--override-ini", "--pythonwarnings", "--dist", "--import-mode", "--shuffle", "--reverse",
        "--disable-warnings",
    }
)  # fmt: skip
_NUMBERED = frozenset({"-v"})  # a number for Django, and a flag for pytest
# Options of the runners and of usual plugins without a value that leave no test out and add none.
_NEUTRAL = re.compile(
    r"-[a-z]+|--(no-?migrations|migrations|ff|failed-first|strict[\w-]*|doctest-modules|runxfail|no-randomly|"
    r"showlocals)"
)


def narrowness(run: TestRun) -> int:
    """Return how small a part of the tests a run selects: 0 all, 1 directories or apps, 2 files or tags, 3 classes."""
    # What the options of a script mean is not known: `runtests.py --lint`.
    options = run.runner is Runner.SCRIPT and any(word[:1] == "-" for word in keep(run.arguments))
    return max((_width(word, run) for word in select(run)), default=PART if options else 0)


def widest(runs: Iterable[TestRun]) -> TestRun:
    """Return the run that selects the least of the tests, the first of several."""
    return min(runs, key=narrowness)


def _width(word: str, run: TestRun) -> int:
    """Return how narrow a label is: a directory, a file or tag, a class or function."""
    if word in {".", "./"}:
        return 0
    if word.startswith("-"):
        return _FILE
    if "::" in word or re.search(r"(^|\.)[A-Z]\w*(\.\w+)?$", word):
        return CLASS
    is_file = (
        word.endswith(".py")
        if run.runner is Runner.PYTEST
        else bool(re.search(r"\.test_\w+$", word))
    )
    return _FILE if is_file else PART


def select(run: TestRun) -> list[str]:
    """Return the labels, tags and expressions that select tests; excluded ones do not count."""
    chosen = (
        f"{name} {value}".lstrip()
        for name, value in _options(known_arguments(run))
        if not name
        or (name in SELECTING and not re.match(r"\s*not\b", value))
        or (name in _patterns(run) and "*" not in value)
    )
    return [text for text in chosen if UNKNOWN not in text]


def find_labels(run: TestRun) -> list[str]:
    """Return the labels, paths and nodes that a run names; values that only the CI knows do not count."""
    labels = (value for name, value in _options(known_arguments(run)) if not name)
    return [label for label in labels if UNKNOWN not in label]


def find_files(run: TestRun) -> list[str]:
    """Return the labels that a run names, without the nodes in files: `tests/test_cart.py`, `shop.tests`."""
    return [label.partition("::")[0] for label in find_labels(run)]


def spell_as_paths(labels: Iterable[str]) -> list[str]:
    """Return labels with modules spelled as paths: `shop/tests` for `shop.tests`."""
    return [label if "/" in label else label.replace(".", "/") for label in labels]


def locate_labels(labels: Iterable[str], directory: str) -> list[str]:
    """Return labels in a directory as paths from the repository's root; the directory itself if none is inside."""
    return [path for label in labels if (path := locate(label, directory))] or [directory]


def find_choice(words: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the options with their values, and the labels, that choose tests in arguments that were kept."""
    return tuple(
        (name, value)
        for name, value in _options(words)
        if name not in _CONFIGURING and not name.startswith("--strict")
    )


def project_options(run: TestRun) -> frozenset[tuple[str, str]]:
    """Return the options that no runner knows: the project's own, which may leave tests out or add some (`--slow`)."""
    return frozenset(
        (name, value)
        for name, value in find_choice(known_arguments(run))
        if name and name not in _VALUED and not _NEUTRAL.fullmatch(name)
    )


def _patterns(run: TestRun) -> tuple[str, ...]:
    """Return the options for the names of test files; for pytest, `-p` is a plugin."""
    return ("--pattern", "-p") if run.runner is Runner.DJANGO else ()


def known_arguments(run: TestRun) -> tuple[str, ...]:
    """Return the arguments of a run, without any label if Django's runner receives others that only the CI knows.

    The known labels alone would be a part of the tests.
    """
    given = read_options(run.arguments, _VALUED, numbered=_NUMBERED)
    labels = {value for name, value in given if not name}
    partly = run.runner is Runner.DJANGO and any(UNKNOWN in label for label in labels)
    return tuple(word for word in run.arguments if not partly or word not in labels)


_EXPRESSIONS = frozenset({"--tag", "--exclude-tag", "-m", "-k"})
# `not slow`, `not (slow or browser)`
_NEGATED = re.compile(r"\bnot\s*(?:\([^()]*\)|\s[\w.-]+)")
_OPERATORS = frozenset({"and", "or", "not"})


def find_exclusions(arguments: Iterable[str]) -> frozenset[str]:
    """Return the tags, markers, keywords and paths whose tests are left out; a path ends with a slash."""
    arguments = tuple(arguments)
    found = {
        f"{join(path)}/" for name, value in _options(arguments) if (path := _left_out(name, value))
    }
    for option, expression in _expressions(arguments):
        negated = [expression] if option == "--exclude-tag" else _NEGATED.findall(expression)
        found |= _names(" ".join(negated)) if option != "--tag" else set()
    return frozenset(found)


def _left_out(option: str, value: str) -> str:
    """Return the path that an option leaves out, without the pattern in `--ignore-glob=tests/ui/*`; empty for none."""
    if option == "--ignore":
        return value
    return re.split(r"/?[*?\[]", value)[0] or value if option == "--ignore-glob" else ""


def find_inclusions(arguments: Iterable[str]) -> frozenset[str]:
    """Return the tags, markers and keywords that tests must have to be run, and the paths in which they are."""
    arguments = tuple(arguments)
    labels = (join(value.partition("::")[0]) for name, value in _options(arguments) if not name)
    relative = (label for label in labels if not label.startswith("/"))
    found = {f"{place}/" for label in relative for place in ancestors(label)}
    for option, expression in _expressions(arguments):
        if option != "--exclude-tag":
            found |= _names(_NEGATED.sub("", expression))
    return frozenset(found)


def _expressions(arguments: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each option that selects by tag, marker or keyword, with its expression."""
    return ((name, value) for name, value in _options(arguments) if name in _EXPRESSIONS)


def _options(arguments: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the options that are kept, with their values; a label has no name."""
    return iter(read_options(keep(tuple(arguments)), _VALUED, numbered=_NUMBERED))


def _names(expression: str) -> set[str]:
    return set(re.findall(r"[\w.-]+", expression)) - _OPERATORS
