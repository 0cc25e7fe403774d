from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

HOOKS = """
repos:
  - repo: https://github.com/psf/black
    rev: 24.1.1
    hooks: [{id: black}]
  - repo: https://github.com/astral-sh/ruff-pre-commit
    rev: v0.6.9
    hooks:
      - id: ruff
        args: [--fix]
"""


@pytest.mark.parametrize(
    ("files", "tools"),
    [
        ({}, ["black", "isort", "flake8"]),
        ({".flake8": "[flake8]\n"}, ["flake8"]),
        ({"setup.cfg": "[isort]\nprofile = black\n"}, ["isort"]),
        ({"pyproject.toml": "[tool.black]\n[tool.isort]\n"}, ["black", "isort"]),
        ({"ruff.toml": ""}, ["ruff"]),
        ({"requirements.txt": "django\nblack\nflake8\n"}, ["black", "flake8"]),
        ({".pre-commit-config.yaml": HOOKS}, ["black", "ruff"]),
        (
            {
                ".pre-commit-config.yaml": HOOKS,
                "setup.cfg": "[flake8]\n",
                "requirements.txt": "isort",
            },
            ["black", "ruff"],
        ),
        (
            {".github/workflows/x.yml": "jobs: {l: {steps: [{run: ruff check .}]}}", ".flake8": ""},
            ["ruff"],
        ),
        ({"tox.ini": "[testenv]\ncommands =\n  isort --check .\n  pytest\n"}, ["isort"]),
    ],
)
def test_the_tools_are_those_that_the_strongest_evidence_names(
    tmp_path: Path, files: dict[str, str], tools: list[str]
) -> None:
    assert list(loaded(tmp_path, {**django(), **files}).config.lint) == tools


def test_a_pinned_requirement_gives_the_version_and_else_the_hook(tmp_path: Path) -> None:
    files = {
        **django(),
        ".pre-commit-config.yaml": HOOKS,
        "requirements.txt": "django\nblack==23.3.0\n",
    }
    assert loaded(tmp_path, files).facts.lint_specs == {
        "black": "black==23.3.0",
        "ruff": "ruff==0.6.9",
    }


@pytest.mark.parametrize(
    ("requirement", "spec"),
    [("'flake8<4'", "flake8<4"), ("'flake8>=5'", None), ("'flake8<8' flake8==7.1", "flake8==7.1")],
)
def test_the_tool_is_in_the_range_that_the_ci_allows(
    tmp_path: Path, requirement: str, spec: str | None
) -> None:
    job = f"jobs: {{lint: {{steps: [{{run: pip install {requirement}}}, {{run: flake8 .}}]}}}}"
    specs = loaded(tmp_path, {**django(), ".github/workflows/ci.yml": job}).facts.lint_specs
    assert specs.get("flake8") == spec


def test_the_version_of_a_hook_does_not_count_if_the_ci_installs_the_newest(tmp_path: Path) -> None:
    job = "jobs: {lint: {steps: [{run: pip install ruff}, {run: ruff check .}]}}"
    files = {**django(), ".pre-commit-config.yaml": HOOKS, ".github/workflows/ci.yml": job}
    assert loaded(tmp_path, files).facts.lint_specs == {}


def test_a_written_list_takes_its_versions_from_the_project_too(tmp_path: Path) -> None:
    files = {
        **django(),
        "heroci.toml": 'lint = ["flake8"]\n',
        "requirements.txt": "flake8==6.1.0\nblack==23.1\n",
    }
    assert loaded(tmp_path, files).facts.lint_specs == {"flake8": "flake8==6.1.0"}


def test_default_tools_are_optional_and_labelled(tmp_path: Path) -> None:
    project = loaded(tmp_path, django())

    assert project.config.stages["lint"].optional
    assert project.origins["stages.lint.optional"] == "detected: not configured in this project"


CHECK_HOOKS = """
    repos:
      - repo: https://github.com/PyCQA/bandit
        rev: 1.8.0
        hooks: [{id: bandit, exclude: ^mysite/tests/}]
      - repo: https://github.com/djlint/djLint
        rev: v1.36.4
        hooks: [{id: djlint-reformat-django}]
      - repo: local
        hooks:
          - {id: imports, name: x, language: system, entry: lint-imports --no-logo, pass_filenames: false}
          - {id: words, name: x, language: system, entry: eslint}
    """
CHECKED = {
    **django(),
    "mysite/tests/test_a.py": "",
    "mysite/templates/a.html": "",
    "templates/base.html": "",
}


def ci(*lines: str) -> dict[str, str]:
    steps = "".join(f"      - run: {line}\n" for line in lines)
    return {".github/workflows/ci.yml": f"on: push\njobs:\n  lint:\n    steps:\n{steps}"}


@pytest.mark.parametrize(
    ("line", "name", "command", "requirement"),
    [
        ("bandit -r mysite", "bandit", ("bandit", "-r", "mysite"), "bandit"),
        (
            "bandit -q -r . -x ./tests",
            "bandit",
            ("bandit", "-q", "-r", ".", "-x", "./tests"),
            "bandit",
        ),
        (
            "pip install djlint==1.36.4 && djlint . --lint",
            "djlint",
            ("djlint", "mysite", "templates", "--lint"),
            "djlint==1.36.4",
        ),
        (
            "djlint --reformat --check templates",
            "djlint",
            ("djlint", "--reformat", "--check", "templates"),
            "djlint",
        ),
        ("uvx codespell@2.4.1", "codespell", ("codespell",), "codespell==2.4.1"),
        ("python -m pydocstyle mysite", "pydocstyle", ("pydocstyle", "mysite"), "pydocstyle"),
        ("cd mysite && lint-imports", "lint-imports", "cd mysite && lint-imports", "import-linter"),
        (
            "cd mysite && codespell --skip ./settings.py",
            "codespell",
            "cd mysite && codespell --skip ./settings.py",
            "codespell",
        ),
        (
            "cd mysite && curlylint templates",
            "curlylint",
            ("curlylint", "mysite/templates"),
            "curlylint",
        ),
        (
            "poetry run djhtml --check templates/base.html",
            "djhtml",
            ("djhtml", "--check", "templates/base.html"),
            "djhtml",
        ),
    ],
)
def test_a_check_whose_output_is_not_read_runs_as_in_the_ci(
    tmp_path: Path, line: str, name: str, command: object, requirement: str
) -> None:
    found = loaded(tmp_path, {**CHECKED, **ci(line)})
    assert {tool: config.command for tool, config in found.config.lint.items()} == {name: command}
    assert found.facts.lint_specs == {name: requirement}
    assert "lint" not in found.config.stages


def test_hooks_that_the_ci_runs_become_checks_that_change_nothing(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        {**CHECKED, ".pre-commit-config.yaml": CHECK_HOOKS, **ci("pre-commit run --all-files")},
    )
    assert {tool: config.command for tool, config in found.config.lint.items()} == {
        "bandit": ("bandit", "manage.py", "mysite/__init__.py", "mysite/settings.py"),
        "djlint": (
            *("djlint", "--profile=django", "--reformat", "--check"),
            *("mysite/templates/a.html", "templates/base.html"),
        ),
        "lint-imports": ("lint-imports", "--no-logo"),
    }
    assert set(found.facts.lint_specs.values()) == {
        "bandit==1.8.0",
        "djlint==1.36.4",
        "import-linter",
    }


def test_programs_that_rewrite_or_tidy_files_are_checks(tmp_path: Path) -> None:
    hooks = """
        repos:
          - {repo: https://github.com/asottile/pyupgrade, rev: v3.15.0, hooks: [{id: pyupgrade, args: [--py311-plus]}]}
          - {repo: https://github.com/PyCQA/autoflake, rev: v2.2.1, hooks: [{id: autoflake, args: [-r]}]}
          - {repo: https://github.com/rtts/djhtml, rev: 3.0.7, hooks: [{id: djcss, args: [--tabwidth, "2"]}]}
    """
    files = {
        **django(),
        "pyproject.toml": "",
        "mysite/static/a.scss": "",
        ".pre-commit-config.yaml": hooks,
        **workflow("pre-commit run -a", "pyproject-fmt --check pyproject.toml"),
    }
    found = loaded(tmp_path, files)
    python = ("manage.py", "mysite/__init__.py", "mysite/settings.py")
    assert {tool: config.command for tool, config in found.config.lint.items()} == {
        "pyupgrade": ("pyupgrade", "--py311-plus", *python),
        "autoflake": ("autoflake", "-r", "--check", *python),
        "djcss": ("djcss", "--tabwidth", "2", "--check", "mysite/static/a.scss"),
        "pyproject-fmt": ("pyproject-fmt", "--check", "pyproject.toml"),
    }
    assert set(found.facts.lint_specs.values()) == {
        "pyupgrade==3.15.0",
        "autoflake==2.2.1",
        "djhtml==3.0.7",
        "pyproject-fmt",
    }


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ("--reformat, --lint", ("--reformat", "--lint", "--check")),
        ("--lint, --reformat, --quiet", ("--lint", "--reformat", "--quiet", "--check")),
        ("--reformat, --check, --lint", ("--reformat", "--check", "--lint")),
        ("--lint", ("--lint",)),
    ],
)
def test_a_hook_that_reformats_and_checks_changes_nothing(
    tmp_path: Path, arguments: str, command: tuple[str, ...]
) -> None:
    hooks = f"""
        repos:
          - repo: https://github.com/djlint/djLint
            hooks: [{{id: djlint, args: [{arguments}]}}]
    """
    files = {**CHECKED, ".pre-commit-config.yaml": hooks, **ci("pre-commit run -a")}
    found = loaded(tmp_path, files).config.lint["djlint"].command
    assert found == ("djlint", *command, "mysite/templates/a.html", "templates/base.html")


def test_a_local_hook_has_the_version_that_it_installs(tmp_path: Path) -> None:
    hooks = """
        repos:
          - repo: local
            hooks:
              - {id: a, entry: bandit -q, language: python, additional_dependencies: ["bandit[toml]==1.8.3"]}
              - {id: b, entry: black --check, language: python, additional_dependencies: [black==24.1.0]}
    """
    files = {**django(), ".pre-commit-config.yaml": hooks, **workflow("pre-commit run -a")}
    found = loaded(tmp_path, files).facts.lint_specs
    assert (found["bandit"], found["black"]) == ("bandit==1.8.3", "black==24.1.0")


def test_plugins_of_pylint_are_those_that_the_ci_installs(tmp_path: Path) -> None:
    lines = (
        "pip install pylint==3.3.7 pylint-django==2.6.1",
        "pylint --load-plugins pylint_django mysite",
    )
    found = loaded(tmp_path, {**django(), **workflow(*lines)}).facts.lint_plugins
    assert found == ("pylint-django==2.6.1",)


def test_hooks_that_the_plan_lacks_are_named(tmp_path: Path) -> None:
    hooks = """
        repos:
          - repo: https://github.com/pre-commit/pre-commit-hooks
            hooks: [{id: check-yaml}]
          - repo: https://github.com/psf/black
            hooks: [{id: black}]
          - repo: https://github.com/executablebooks/mdformat
            hooks: [{id: mdformat}]
          - repo: https://github.com/tox-dev/pyproject-fmt
            hooks: [{id: pyproject-fmt}]
          - repo: local
            hooks: [{id: names, entry: ./scripts/names.sh, language: script}]
    """
    files = {**CHECKED, ".pre-commit-config.yaml": hooks, **ci("pre-commit run -a")}
    (warning,) = (text for text in loaded(tmp_path, files).warnings if "hooks" in text)
    assert warning.endswith("): mdformat, names (./scripts/names.sh)")


@pytest.mark.parametrize("call", ["pre-commit run -a", "flake8"])
def test_hooks_that_tidy_files_are_one_line_that_was_left_out(tmp_path: Path, call: str) -> None:
    hooks = """
        repos:
          - repo: https://github.com/pre-commit/pre-commit-hooks
            hooks: [{id: check-yaml}, {id: trailing-whitespace}, {id: check-yaml, alias: again}]
    """
    files = {**CHECKED, ".pre-commit-config.yaml": hooks, **ci(call, "manage.py test", call)}
    left_out = loaded(tmp_path, files).facts.left_out
    found = [left.line for left in left_out if left.source == ".pre-commit-config.yaml"]
    assert found == (["check-yaml, trailing-whitespace"] if "pre-commit" in call else [])


def test_further_calls_of_a_tool_are_further_steps(tmp_path: Path) -> None:
    lines = (
        "flake8 mysite --select E9",
        "flake8 mysite --max-complexity 10",
        "flake8 mysite --exit-zero --max-line-length 80",
        "bandit -r mysite",
        "bandit -r mysite -ll",
    )
    found = loaded(tmp_path, {**django(), **ci(*lines)}).config.lint
    assert list(found) == ["flake8", "flake8-2", "bandit", "bandit-2"]
    assert found["flake8-2"].format == "flake8"
    assert found["flake8-2"].command == (
        *("flake8", "--format=default", "--max-complexity", "10", "mysite"),
    )


def test_files_that_the_project_does_not_name_stay_under_ruffs_excludes(tmp_path: Path) -> None:
    copied = ci("cp mysite/settings.py mysite/local.py", "manage.py test", "ruff check mysite")
    found = loaded(tmp_path, {**django(), **copied}).config.lint["ruff"].command
    assert found is not None
    assert " ".join(found).startswith(
        "ruff check --no-fix --no-fix-only --output-format=concise --force-exclude mysite/"
    )
    named = ci("manage.py test", "ruff check mysite")
    found = loaded(tmp_path / "named", {**django(), **named}).config.lint["ruff"].command
    assert found == (
        "ruff",
        "check",
        "--no-fix",
        "--no-fix-only",
        "--output-format=concise",
        "mysite",
    )


@pytest.mark.parametrize(
    ("files", "paths"), [("", (".",)), ("pass_filenames: false", ("mysite", "C4"))]
)
def test_a_hook_that_gets_all_files_checks_no_less_than_them(
    tmp_path: Path, files: str, paths: tuple[str, ...]
) -> None:
    hooks = f"""
        repos:
          - repo: https://github.com/astral-sh/ruff-pre-commit
            rev: v0.6.9
            hooks: [{{id: ruff, args: [--select, B, mysite, C4], {files}}}]
        """
    tree = {**django(), ".pre-commit-config.yaml": hooks, **ci("pre-commit run --all-files")}
    found = loaded(tmp_path, tree).config.lint["ruff"].command
    assert found == (
        "ruff",
        "check",
        "--no-fix",
        "--no-fix-only",
        "--output-format=concise",
        "--select",
        "B",
        *paths,
    )


@pytest.mark.parametrize(("other", "path"), [({}, "."), ({"tools/a.py": ""}, "..")])
def test_a_hook_looks_for_settings_from_the_directory_around_its_files(
    tmp_path: Path, other: dict[str, str], path: str
) -> None:
    project = {f"web/{name}": text for name, text in django().items()}
    hooks = ci("pre-commit run --all-files")
    tree = {**project, **other, ".pre-commit-config.yaml": HOOKS, **hooks}
    found = loaded(tmp_path, tree).config
    assert found.working_directory == "web"
    assert found.lint["black"].command == ("black", "--check", "--diff", "--quiet", path)


def test_a_check_that_gets_its_files_from_xargs_runs_if_they_are_known(tmp_path: Path) -> None:
    files = {"templates/a.html": "", "templates/b.html": ""}
    lines = ("git ls-files '*.html' | xargs djhtml --check", "find-changed | xargs -r curlylint -q")
    found = loaded(tmp_path, {**django(), **files, **ci(*lines)})
    assert found.config.lint["djhtml"].command == (
        *("djhtml", "--check", "templates/a.html", "templates/b.html"),
    )
    assert "curlylint" not in found.config.lint
    assert any("also runs 'find-changed | xargs" in warning for warning in found.warnings)


def test_further_calls_with_equal_options_check_all_their_paths(tmp_path: Path) -> None:
    lines = ("flake8 mysite --select E9", "flake8 polls", "flake8 docs", "flake8 polls")
    files = {**django(), "polls/models.py": "", "docs/conf.py": "", **ci(*lines)}
    found = loaded(tmp_path, files).config.lint
    assert list(found) == ["flake8", "flake8-2"]
    assert found["flake8-2"].command == ("flake8", "--format=default", "polls", "docs")


@pytest.mark.parametrize(
    "line",
    [
        "npx eslint static", "djhtml templates", "pip-audit", "djlint --reformat .", "yarn prettier --check src",
        "pnpm exec pyright",
    ],
)  # fmt: skip
def test_checks_that_cannot_run_or_would_change_files_are_named(tmp_path: Path, line: str) -> None:
    found = loaded(tmp_path, {**CHECKED, **ci(line)})
    (text,) = (warning for warning in found.warnings if line in warning)
    assert f"the CI also runs '{line}'" in text
    assert all(config.command is None for config in found.config.lint.values())


@pytest.mark.parametrize("line", ["djlint --version", "npx eslint --version", "yamllint --help"])
def test_a_program_that_tells_its_version_checks_nothing(tmp_path: Path, line: str) -> None:
    found = loaded(tmp_path, {**CHECKED, **ci(line)})
    assert not any(line in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("lines", "spec"),
    [
        (("pip install -r ci/lint.txt", "black --check ."), "black==25.1.0"),
        (("uv sync --only-group lint", "uv run --no-sync black --check ."), "black==24.4.2"),
        (("uv sync", "uvx black@24.10.0 --check ."), "black==24.10.0"),
    ],
)
def test_the_version_is_that_of_the_environment_in_which_the_ci_calls_the_tool(
    tmp_path: Path, lines: tuple[str, ...], spec: str
) -> None:
    steps = ", ".join(f"{{run: '{line}'}}" for line in lines)
    files = {
        **django(),
        ".github/workflows/ci.yml": f"""
            jobs:
              test: {{steps: [{{run: pip install -r requirements.txt}}, {{run: python manage.py test}}]}}
              lint: {{steps: [{steps}]}}
        """,
        "pyproject.toml": '[project]\nname = "x"\n[dependency-groups]\nlint = ["black==24.4.2"]\n',
        "requirements.txt": "django\nblack==23.3.0\n",
        "ci/lint.txt": "flake8\nblack[jupyter]==25.1.0 ; python_version > '3.8'\n",
    }
    assert loaded(tmp_path, files).facts.lint_specs["black"] == spec


def test_plugins_of_flake8_come_from_the_files_of_its_own_job(tmp_path: Path) -> None:
    files = {
        **django(),
        ".github/workflows/ci.yml": """
            jobs:
              test: {steps: [{run: python manage.py test}]}
              lint: {steps: [{run: pip install -r ci/lint.txt}, {run: flake8 .}]}
        """,
        "ci/lint.txt": "flake8==7.3.0\nflake8-bugbear==24.12.12\npep8-naming\ndjango\n",
    }
    found = loaded(tmp_path, files).facts.lint_plugins
    assert found == ("flake8-bugbear==24.12.12", "pep8-naming")
