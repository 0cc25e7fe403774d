"""The record that describes a report format: its name, how to recognize it, and how to read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from heroci_action.readers.base import Reader, is_utf16
from heroci_action.text import without_ansi

HEAD_SIZE = 1 << 16  # bytes at the start of a file that decide about its format

_ROOT = re.compile(r"<(?:\w+:)?([A-Za-z][\w.-]*)(?=[\s/>])([^>]*)")
_NOT_AN_ELEMENT = re.compile(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL)


class Category(StrEnum):
    """What a report is about, and the name of the stage that shows it in `heroci report`."""

    TESTS = "tests"
    LINT = "lint"
    COVERAGE = "coverage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The beginning of a file: as text without colours, and the root element if it is XML."""

    data: bytes
    text: str
    root: str = ""
    attributes: str = ""

    @classmethod
    def of(cls, start: bytes) -> Head:
        """Decode the first bytes of a file, after unpacking."""
        data = start[:HEAD_SIZE]
        encoding = "utf-16" if is_utf16(data) else "utf-8-sig"
        text = data.decode(encoding, errors="replace").lstrip()
        if not text.startswith("<"):
            return cls(data=data, text=without_ansi(text).replace("\r\n", "\n"))
        match = _ROOT.match(_NOT_AN_ELEMENT.sub("", text).lstrip())
        root, attributes = (match[1], match[2]) if match else ("", "")
        return cls(data=data, text=text, root=root, attributes=attributes)


Recognizer = Callable[[Head], bool]


def xml_root(*names: str, containing: str = "") -> Recognizer:
    """Recognize XML by the name of its root element, and by a regular expression if several formats share it."""
    pattern = re.compile(containing)
    return lambda head: head.root in names and bool(pattern.search(head.text))


def text_matching(*patterns: str | re.Pattern[str]) -> Recognizer:
    """Recognize text, JSON included, that matches one of these regular expressions; `^` matches at each line."""
    compiled = tuple(
        re.compile(pattern, re.MULTILINE) if isinstance(pattern, str) else pattern
        for pattern in patterns
    )
    return lambda head: not head.root and any(pattern.search(head.text) for pattern in compiled)


def json_object(*patterns: str) -> Recognizer:
    """Recognize a JSON object that matches one of these regular expressions."""
    matches = text_matching(*patterns)
    return lambda head: head.text.startswith("{") and matches(head)


def json_array(*patterns: str) -> Recognizer:
    """Recognize a JSON array that matches one of these regular expressions."""
    matches = text_matching(*patterns)
    return lambda head: head.text.startswith("[") and matches(head)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintTool:
    """A linter or formatter that HeroCI runs: its command, and how to find out that a project uses it.

    `default_spec` is bounded by the latest version that the reader was tested with. `files`, `sections` (of setup.cfg
    and tox.ini) and `hooks` (ids in .pre-commit-config.yaml) are evidence that a project uses the tool. `aliases` are
    other programs with the same arguments and output. If `only_by_name`, the tool is never chosen by evidence, because
    it needs more than a directory: plugins, stubs, or the modules to analyze. `cache_variable` names the directory of
    the tool's own cache. `slow_options` turn that cache off; they are needed only to explain a failure. `probe` checks
    only changed files for a tool without its own cache. `narrowed_options` make its `exclude` settings apply to
    files and directories that HeroCI names in place of the directory around them. `python_matters`: what it finds
    depends on the Python that runs it; `python_option` fixes the version for which it checks. `config_option` names the
    configuration of a tool that looks for it only where it starts; with `isolated_option` it looks for none.
    """

    name: str
    distribution: str
    default_spec: str
    command: tuple[str, ...]
    only_by_name: bool = False
    files: tuple[str, ...] = ()
    sections: frozenset[str] = frozenset()
    hooks: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()
    cache_variable: str | None = None
    slow_options: frozenset[str] = frozenset()
    probe: str | None = None
    narrowed_options: tuple[str, ...] = ()
    python_matters: bool = False
    python_option: str | None = None
    config_option: str | None = None
    isolated_option: str | None = None

    @property
    def programs(self) -> frozenset[str]:
        """The names under which it is called."""
        return self.aliases | {self.command[0]}

    @property
    def fixes(self) -> bool:
        """Whether it changes files without an option to check only."""
        return "--diff" in self.command

    def command_for(self, targets: tuple[str, ...]) -> tuple[str, ...]:
        """Return the command for these directories and files.

        Directories are preferred: a list of all files can exceed the length of a command line, and tools ignore their
        own `exclude` settings for a file that is named (Black has no option against that).
        """
        options = self.narrowed_options if targets != (".",) else ()
        return (*self.command[:-1], *options, *targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format that HeroCI reads.

    `kind` is its name in the configuration, and for a linter also the name of the tool. `title` is its name for people.
    `recognize` decides by the beginning of a file; None for a format that is never passed to `heroci report`.
    """

    kind: str
    title: str
    category: Category
    read: Reader = field(repr=False)
    recognize: Recognizer | None = field(default=None, repr=False)
    tool: LintTool | None = None
