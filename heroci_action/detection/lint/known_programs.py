"""The programs that check code and whose output HeroCI does not read: those that the plan runs, and those it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from heroci_action.readers.registry import REWRITERS

_PYPROJECT = r"(^|/)pyproject\.toml$"
_PYTHON, _TEMPLATES, _YAML, _ANY = r"\.pyi?$", r"\.(html|djhtml|jinja2?|j2)$", r"\.ya?ml$", r"[^/]$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program in a Python package: the names of its files, its hooks, and what keeps it from changing files.

    `check` is the option for that; `changes` is the option without which the program only checks anyway. `hidden`: it
    also checks directories whose names start with a dot.
    """

    distribution: str = ""
    files: str = _PYTHON
    hooks: frozenset[str] = frozenset()
    check: str | None = None
    changes: str | None = None
    hidden: bool = False

    @property
    def checks_python(self) -> bool:
        """Return whether its files are those of Python."""
        return self.files == _PYTHON


PROGRAMS: Mapping[str, Program] = {
    **dict.fromkeys(REWRITERS, Program()),
    # Its settings may ask for changes, too.
    "autoflake": Program(check="--check"),
    "bandit": Program(),
    "basedpyright": Program(),
    "codespell": Program(files=_ANY, check="", changes="-w"),
    "curlylint": Program(files=_TEMPLATES),
    "deptry": Program(),
    "djade": Program(files=_TEMPLATES, check="--check"),
    "djcss": Program(distribution="djhtml", files=r"\.s?css$", check="--check"),
    "djhtml": Program(files=_TEMPLATES, check="--check"),
    "djjs": Program(distribution="djhtml", files=r"\.jsx?$", check="--check"),
    "djlint": Program(
        files=_TEMPLATES,
        hooks=frozenset({"djlint-django", "djlint-reformat-django", "djlint-reformat"}),
        check="--check",
        changes="--reformat",
    ),
    "doc8": Program(files=r"\.(rst|txt)$"),
    "docformatter": Program(check="--check", changes="--in-place"),
    "interrogate": Program(),
    "lint-imports": Program(distribution="import-linter", hooks=frozenset({"import-linter"})),
    "prospector": Program(),
    "pycodestyle": Program(),
    "pydocstyle": Program(),
    "pyflakes": Program(),
    "pyproject-fmt": Program(files=_PYPROJECT, check="--check"),
    "pyright": Program(),
    "refurb": Program(),
    "rstcheck": Program(files=r"\.rst$"),
    "setup-cfg-fmt": Program(files=r"(^|/)setup\.cfg$"),
    "sphinx-lint": Program(files=r"\.rst$"),
    "ty": Program(),
    "typos": Program(files=_ANY, check="", changes="--write-changes"),
    "validate-pyproject": Program(files=_PYPROJECT),
    "vulture": Program(),
    "xenon": Program(),
    "yamllint": Program(files=rf"{_YAML}|(^|/)\.yamllint$", hidden=True),
    "zizmor": Program(files=r"^\.github/workflows/[^/]+\.ya?ml$", hidden=True),
}
# Checks that run elsewhere (npm, a server, an index of vulnerabilities), so that only a warning can name them.
NOT_RUN = frozenset(
    {
        "eslint", "stylelint", "prettier", "biome", "semgrep", "pip-audit", "safety", "shellcheck", "hadolint",
        "markdownlint", "actionlint", "tsc", "darker",
    }
)  # fmt: skip
