"""The lint tools that HeroCI knows: how they are called, what they print, and what shows that a project uses one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from heroci_action.plan.report_kinds import ReportKind


@dataclass(frozen=True, slots=True, kw_only=True)
class LintTool:
    """A tool with its command for the working directory.

    `default_spec` is at most the version that its reader was tried with, so that an older Python finds an older one.
    `only_by_name`: no trace of it makes it run, because it needs to be told more than a directory (what to analyse,
    plugins, stubs). `sections` are those of setup.cfg and tox.ini, `hooks` the ids in .pre-commit-config.yaml,
    `aliases` other programs that take the same command line and print the same.
    """

    name: str
    distribution: str
    default_spec: str
    command: tuple[str, ...]
    report: ReportKind
    only_by_name: bool = False
    files: tuple[str, ...] = ()
    sections: frozenset[str] = frozenset()
    hooks: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()

    @property
    def programs(self) -> frozenset[str]:
        """The names that it is called by."""
        return self.aliases | {self.command[0]}

    @property
    def fixes(self) -> bool:
        """Whether it changes files unless it is told to check."""
        return "--diff" in self.command

    def command_for(self, targets: tuple[str, ...]) -> tuple[str, ...]:
        """The command for the files that git tracks.

        It is given directories, not files: a list of files may be longer than a command line can be, and tools ignore
        their own `exclude` settings for a file that is named (Black has no option against that).
        """
        return (*self.command[:-1], *targets)


_ALL = (
    LintTool(
        name="black",
        distribution="black",
        default_spec="black<=26.10.1",
        command=("black", "--check", "--diff", "--quiet", "."),
        report=ReportKind.BLACK,
        hooks=frozenset({"black", "black-jupyter"}),
    ),
    LintTool(
        name="isort",
        distribution="isort",
        default_spec="isort<=9.0.2",
        # `--filter-files`: `skip` counts for files that are named, too.
        command=("isort", "--check-only", "--diff", "--filter-files", "."),
        report=ReportKind.ISORT,
        files=(".isort.cfg",),
        sections=frozenset({"isort", "tool:isort"}),
        hooks=frozenset({"isort"}),
    ),
    LintTool(
        name="flake8",
        distribution="flake8",
        default_spec="flake8<=7.5.0",
        command=("flake8", "--format=default", "."),
        report=ReportKind.FLAKE8,
        files=(".flake8",),
        sections=frozenset({"flake8"}),
        hooks=frozenset({"flake8"}),
        aliases=frozenset({"pflake8", "flake8p"}),
    ),
    LintTool(
        name="ruff",
        distribution="ruff",
        default_spec="ruff<=0.17.6",
        command=("ruff", "check", "--output-format=concise", "."),
        report=ReportKind.RUFF,
        files=("ruff.toml", ".ruff.toml"),
        hooks=frozenset({"ruff", "ruff-check"}),
    ),
    LintTool(
        name="ruff-format",
        distribution="ruff",
        default_spec="ruff<=0.17.6",
        command=("ruff", "format", "--diff", "."),
        report=ReportKind.RUFF_FORMAT,
        hooks=frozenset({"ruff-format"}),
    ),
    LintTool(
        name="mypy",
        distribution="mypy",
        default_spec="mypy<=2.4.1",
        command=("mypy", "--no-pretty", "--no-color-output", "--show-column-numbers", "."),
        report=ReportKind.MYPY,
        only_by_name=True,
    ),
    LintTool(
        name="pylint",
        distribution="pylint",
        default_spec="pylint<=4.1.4",
        command=("pylint", "--output-format=text", "--recursive=y", "."),
        report=ReportKind.PYLINT,
        only_by_name=True,
    ),
)
LINT_TOOLS: Mapping[str, LintTool] = {tool.name: tool for tool in _ALL}
