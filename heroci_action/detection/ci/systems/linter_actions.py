"""Actions of GitHub's marketplace that run linters, as the command lines that they run."""

from __future__ import annotations

import re
from collections.abc import Mapping

# The forms of command lines; see `_INPUT` in github_actions.py.
LINES: Mapping[str, str] = {
    # - uses: psf/black@stable
    #   with: { src: "./src", options: "--check" }
    "psf/black": "uvx black{@version} {options|--check --diff} {src|.}",
    **dict.fromkeys(
        ("rickstaa/action-black", "reviewdog/action-black"),
        "black --check {black_flags} {black_args|.}",
    ),
    "jpetrucciani/black-check": "black --check {path|.}",
    "isort/isort-action": "uvx isort{@isort-version} {configuration|--check-only --diff} {sort-paths|.}",
    "jamescurtin/isort-action": "isort {configuration|--check-only --diff} {sort-paths|.}",
    "py-actions/flake8": "pip install {plugins}\n"
    "uvx flake8{@flake8-version} {--max-line-length=max-line-length} {--ignore=ignore} {--exclude=exclude} {args} "
    "{path}",
    "TrueBrain/actions-flake8": "pip install {plugins}\n"
    "flake8 {--max-line-length=max_line_length} {--ignore=ignore} {path}",
    "reviewdog/action-flake8": "flake8 {flake8_args} {workdir}",
    # It reports what Flake8 finds in another check, and passes itself.
    "suo/flake8-github-action": "flake8 .",
    "julianwachholz/flake8-action": "pip install {plugins}\nflake8 {--config=config} {path|.}",
    "tonybajan/flake8-check-action": "flake8 {--select=select} {--max-line-length=maxlinelength} {path|.}",
    "cclauss/GitHub-Action-for-Flake8": "flake8 {args|. --select=E9,F63,F7,F82}",
    "wemake-services/wemake-python-styleguide": "pip install wemake-python-styleguide\nflake8 {path|.}",
    "tsuyoshicho/action-mypy": "mypy {mypy_flags} {target|.}",
    "jpetrucciani/mypy-check": "mypy {path|.} {mypy_flags}",
    "jakebailey/pyright-action": "cd {working-directory|.} && pyright {--project=project} {extra-args}",
    # - uses: astral-sh/ruff-action@v3
    #   with: { args: "format --check", src: "./src" }
    **dict.fromkeys(
        ("astral-sh/ruff-action", "chartboost/ruff-action"),
        "uvx ruff{@version} {args|check} {src|.}",
    ),
    "ibiqlik/action-yamllint": "yamllint {--config-file=config_file} {file_or_dir|.}",
    "reviewdog/action-yamllint": "yamllint {yamllint_flags|.}",
    "codespell-project/actions-codespell": "codespell {--skip=skip} {--ignore-words=ignore_words_file} "
    "{--ignore-words-list=ignore_words_list} {--exclude-file=exclude_file} {path|.}",
    # - uses: pre-commit/action@v3.0.1
    #   with: { extra_args: --all-files }
    "pre-commit/action": "pre-commit run --all-files {extra_args}",
    "j178/prek-action": "prek run --all-files {extra-args}",
    "tox-dev/action-pre-commit-uv": "pre-commit run --all-files {extra_args}",
}
# The inputs of actions with linters that run unless an input switches them off.
DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "ricardochaves/python-lint": {
        f"use-{tool}": "true"
        for tool in ("pylint", "pycodestyle", "flake8", "black", "mypy", "isort")
    },
}
# Actions that check the code; GitHub's own actions watch the repository.
CHECKS = re.compile(
    r"^(?!actions/|github/(?!super-linter)|.*[/_-]setup[_-]).*(lint|flake8|mypy|black|isort|ruff|codespell|typos|spell"
    r"|bandit|semgrep|shellcheck|zizmor|gitleaks|trufflehog|licen[sc]e|markdown|checker\b|[/_-]audit\b|checkov|pyright"
    r"|[/_-]reuse\b|sonarqube-quality-gate|[/_-]vale\b|sqlfluff|osv-scan|anchore/scan|html5?-?valid|\bpysa\b|squawk"
    r"|[/_-]sast\b|grype|dependency-check|horusec"
    r"|pycodestyle|pydocstyle|pyflakes|prospector|pytype|vulture|interrogate|styleguide|autopep8|yapf|autoflake"
    r"|pyupgrade|docformatter|deptry|xenon|radon|refurb|prettier|biome|trivy|detect-secrets|prek"
    r"|pre-?commit(?!-(ci|auto|update))|(fmt|format)-check$|[/_-]validate$)"
)
