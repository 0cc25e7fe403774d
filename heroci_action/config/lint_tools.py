"""The lint tools that HeroCI knows: how they are called, what they print, and what shows that a project uses one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from heroci_action.plan import ReportKind


@dataclass(frozen=True, slots=True, kw_only=True)
class LintTool:
    """A tool with its command for the working directory.

    `sections` are those of setup.cfg and tox.ini, `hooks` the ids in .pre-commit-config.yaml, `runs` regular
    expressions for command lines of the project's own CI.
    """

    name: str
    distribution: str
    default_spec: str
    command: tuple[str, ...]
    report: ReportKind
    files: tuple[str, ...] = ()
    sections: frozenset[str] = frozenset()
    hooks: frozenset[str] = frozenset()
    runs: tuple[str, ...] = ()


_ALL = (
    LintTool(
        name="black",
        distribution="black",
        default_spec="black",
        command=("black", "--check", "--diff", "--quiet", "."),
        report=ReportKind.BLACK,
        hooks=frozenset({"black", "black-jupyter"}),
        runs=(r"(^|\s)black(\s|$)", r"psf/black"),
    ),
    LintTool(
        name="isort",
        distribution="isort",
        default_spec="isort",
        command=("isort", "--check-only", "--diff", "."),
        report=ReportKind.ISORT,
        files=(".isort.cfg",),
        sections=frozenset({"isort", "tool:isort"}),
        hooks=frozenset({"isort"}),
        runs=(r"(^|\s)isort(\s|$)",),
    ),
    LintTool(
        name="flake8",
        distribution="flake8",
        default_spec="flake8",
        command=("flake8", "."),
        report=ReportKind.FLAKE8,
        files=(".flake8",),
        sections=frozenset({"flake8"}),
        hooks=frozenset({"flake8"}),
        runs=(r"(^|\s)flake8(\s|$)",),
    ),
    LintTool(
        name="ruff",
        distribution="ruff",
        default_spec="ruff",
        command=("ruff", "check", "--output-format=json", "."),
        report=ReportKind.RUFF,
        files=("ruff.toml", ".ruff.toml"),
        hooks=frozenset({"ruff", "ruff-check"}),
        runs=(r"(^|\s)ruff\s+(check|\.|--)",),
    ),
    LintTool(
        name="ruff-format",
        distribution="ruff",
        default_spec="ruff",
        command=("ruff", "format", "--diff", "."),
        report=ReportKind.BLACK,
        hooks=frozenset({"ruff-format"}),
        runs=(r"(^|\s)ruff\s+format",),
    ),
)
LINT_TOOLS: Mapping[str, LintTool] = {tool.name: tool for tool in _ALL}
