"""What a project's own commands say about its lint tools, on real files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from heroci_action.config.model import Config
from heroci_action.pipeline.base import environment
from tests.unit.detection.projects import django, loaded, manage, write

BLACK = ("black", "--check", "--diff", "--quiet")
ISORT = ("isort", "--check-only", "--diff", "--filter-files")
FLAKE8 = ("flake8", "--format=default")
RUFF = ("ruff", "check", "--no-fix", "--no-fix-only", "--output-format=concise")
RUFF_FORMAT = ("ruff", "format", "--diff")
MYPY = ("mypy", "--no-pretty", "--no-color-output", "--show-column-numbers")
PYLINT = ("pylint", "--output-format=text", "--recursive=y")


def workflow(*commands: str, job: str = "lint") -> dict[str, str]:
    steps = ", ".join(f"{{run: {command!r}}}" for command in commands)
    return {f".github/workflows/{job}.yml": f"jobs: {{{job}: {{steps: [{steps}]}}}}"}


def hooks(text: str) -> dict[str, str]:
    return {".pre-commit-config.yaml": text}


def commands(config: Config) -> dict[str, object]:
    return {name: tool.command for name, tool in config.lint.items()}


def lint(root: Path, *parts: dict[str, str]) -> dict[str, object]:
    files = django()
    for part in parts:
        files |= part
    return commands(loaded(root, files).config)


@pytest.mark.parametrize(
    ("line", "tool", "command"),
    [
        ("black --check .", "black", (*BLACK, ".")),
        ("black mysite tests --check -q", "black", (*BLACK, "mysite", "tests")),
        ('black --check --exclude "migrations/*" mysite/', "black", (*BLACK, "--exclude", "migrations/*", "mysite")),
        ("uv run --frozen black --check mysite", "black", (*BLACK, "mysite")),
        ("uvx black@24.1 --check mysite", "black", (*BLACK, "mysite")),
        ("pip install black && black --check mysite", "black", (*BLACK, "mysite")),
        ("isort -c -q --diff mysite/ tests/", "isort", (*ISORT, "mysite", "tests")),
        ("isort . -c --skip migrations", "isort", (*ISORT, "--skip", "migrations", ".")),
        ("python -m flake8 mysite --count --statistics", "flake8", (*FLAKE8, "mysite")),
        ("flake8 mysite 2>&1 | tee out.txt", "flake8", (*FLAKE8, "mysite")),
        ("flake8 --max-line-length 120 --format=pylint", "flake8", (*FLAKE8, "--max-line-length", "120", ".")),
        ("pflake8 mysite", "flake8", ("pflake8", "--format=default", "mysite")),
        ("docker compose run --rm web ruff check mysite/", "ruff", (*RUFF, "mysite")),
        ("ruff check --output-format=github --fix .", "ruff", (*RUFF, ".")),
        ("ruff --select E9,F63 mysite", "ruff", (*RUFF, "--select", "E9,F63", "mysite")),
        ("ruff format --check mysite", "ruff-format", (*RUFF_FORMAT, "mysite")),
        ('ruff check "$TARGET" mysite', "ruff", (*RUFF, "mysite")),
    ],
)  # fmt: skip
def test_a_tool_runs_as_the_projects_ci_runs_it(
    tmp_path: Path, line: str, tool: str, command: tuple[str, ...]
) -> None:
    assert lint(tmp_path, {"tests/test_a.py": "", **workflow(line)}) == {tool: command}


@pytest.mark.parametrize(
    "line",
    [
        "pip install black flake8",
        "echo black --check",
        "black --version",
        "flake8 --exit-zero .",
        "ruff check -e",
        "uv run --with black python x.py",
        "grep -r flake8 .",
    ],
)
def test_what_only_names_a_tool_or_ignores_its_verdict_is_no_call(
    tmp_path: Path, line: str
) -> None:
    config = loaded(tmp_path, {**django(), **workflow(line)}).config
    assert all(tool.command is None for tool in config.lint.values())
    assert config.stages["lint"].optional is True


def test_a_tool_that_may_fail_in_the_ci_is_optional(tmp_path: Path) -> None:
    lines = ("flake8 mysite || true", "pylint --reports yes -r n mysite || true")
    config = loaded(tmp_path, {**django(), ".isort.cfg": "", **workflow(*lines)}).config
    assert {name: tool.command for name, tool in config.lint.items()} == {
        "flake8": (*FLAKE8, "mysite"),
        "pylint": (*PYLINT, "mysite"),
    }
    assert config.stages["lint"].optional is True


def test_equal_calls_are_united_and_other_options_are_left_to_the_first(tmp_path: Path) -> None:
    ci = workflow("black --check mysite", "black --check tests", "black -l 80 x")
    found = lint(tmp_path, {"tests/test_a.py": "", "x/a.py": "", **ci})
    assert found == {"black": (*BLACK, "mysite", "tests")}


def by_step(root: Path, files: dict[str, str]) -> list[tuple[str, ...]]:
    """Return the commands of the steps in their order."""
    tools = loaded(root, {**django(), "web/a.py": "", "api/b.py": "", **files}).config.lint
    return [tuple(tool.command or ()) for tool in tools.values()]


@pytest.mark.parametrize(
    ("call", "files", "expected"),
    [
        ("mypy .", {}, [(*MYPY, "api"), (*MYPY, "web")]),
        ("flake8", {}, [(*FLAKE8, "api", "web")]),
        ("flake8", {"web/.flake8": ""}, [
            (*FLAKE8, "api"), (*FLAKE8, "--config", "web/.flake8", "web"),
        ]),
        ("black --check .", {"api/pyproject.toml": "[tool.black]"}, [(*BLACK, "api"), (*BLACK, "web")]),
        ("ruff check .", {"web/ruff.toml": ""}, [(*RUFF, "api", "web")]),
    ],
)  # fmt: skip
def test_calls_in_two_directories_are_one_only_if_the_directory_does_not_matter(
    tmp_path: Path, call: str, files: dict[str, str], expected: list[tuple[str, ...]]
) -> None:
    lines = workflow(f"(cd api && {call})", f"cd web && {call}")
    assert by_step(tmp_path, {**files, **lines}) == expected


@pytest.mark.parametrize(
    ("call", "files", "command"),
    [
        ("mypy", {"mypy.ini": "[mypy]\nfiles = mysite/\n"}, MYPY),
        ("mypy", {"pyproject.toml": "[tool.mypy]\npackages = ['mysite']\n"}, MYPY),
        ("mypy mysite", {"mypy.ini": "[mypy]\nfiles = web/\n"}, (*MYPY, "mysite")),
        ("mypy", {"mypy.ini": "[mypy]\nstrict = true\n"}, (*MYPY, ".")),
        ("mypy -p mysite", {}, (*MYPY, "-p", "mysite")),
        ("mypy --module=mysite.a", {}, (*MYPY, "--module=mysite.a")),
    ],
)
def test_mypy_without_a_path_checks_what_its_settings_or_options_name(
    tmp_path: Path, call: str, files: dict[str, str], command: tuple[str, ...]
) -> None:
    assert lint(tmp_path, files, workflow(call)) == {"mypy": command}


def test_a_path_within_another_one_is_not_looked_at_twice(tmp_path: Path) -> None:
    assert lint(tmp_path, workflow("ruff check mysite", "ruff check .")) == {"ruff": (*RUFF, ".")}


def test_paths_and_configuration_files_are_given_from_the_working_directory(tmp_path: Path) -> None:
    files = {
        "web/manage.py": manage(),
        "web/mysite/settings.py": "",
        "docs/conf.py": "",
        "ruff.toml": "",
        **workflow("ruff check --config ruff.toml web docs", "flake8"),
    }
    assert commands(loaded(tmp_path, files).config) == {
        "ruff": (*RUFF, "--config", "../ruff.toml", ".", "../docs"),
        "flake8": (*FLAKE8, ".."),
    }


@pytest.mark.parametrize(
    ("line", "file", "expected"),
    [
        ("mypy web", "setup.cfg", (*MYPY, "--config-file", "../setup.cfg", ".")),
        ("cd web && mypy .", "setup.cfg", (*MYPY, ".")),
        ("mypy --config-file=setup.cfg web", "setup.cfg", (*MYPY, "--config-file", "../setup.cfg", ".")),
        ("pylint web", ".pylintrc", (*PYLINT, "--rcfile", "../.pylintrc", ".")),
        ("pylint web", "setup.cfg", (*PYLINT, ".")),
    ],
)  # fmt: skip
def test_a_tool_reads_the_configuration_where_the_ci_starts_it(
    tmp_path: Path, line: str, file: str, expected: tuple[str, ...]
) -> None:
    files = {
        "web/manage.py": manage(),
        "web/mysite/settings.py": "",
        file: "[mypy]\nstrict = True\n",
    }
    found = commands(loaded(tmp_path, {**files, **workflow(line)}).config)
    assert list(found.values()) == [expected]


def test_the_actions_of_the_tools_count_as_their_commands(tmp_path: Path) -> None:
    text = """
        jobs:
          lint:
            steps:
              - uses: psf/black@stable
                with: {options: "--check --line-length 100", src: mysite}
              - uses: isort/isort-action@v1.1.0
                with: {sort-paths: mysite docs, configuration: --check-only --diff}
              - uses: astral-sh/ruff-action@0ce1b0bf
                with: {args: check --output-format=github, src: mysite}
              - uses: actions/checkout@v4
    """
    assert lint(tmp_path, {"docs/conf.py": "", ".github/workflows/x.yml": text}) == {
        "black": (*BLACK, "--line-length", "100", "mysite"),
        "isort": (*ISORT, "mysite", "docs"),
        "ruff": (*RUFF, "mysite"),
    }


def test_tasks_behind_a_name_are_looked_up(tmp_path: Path) -> None:
    tasks = '[tool.taskipy.tasks]\nlint = "flake8 mysite --extend-exclude migrations"\n'
    found = lint(tmp_path, {"pyproject.toml": tasks}, workflow("poetry run task lint"))
    assert found == {"flake8": (*FLAKE8, "--extend-exclude", "migrations", "mysite")}


TOX = """
    [tox]
    envlist = py312, flake8
    [testenv]
    commands = pytest
    [testenv:flake8]
    commands = flake8 {posargs:mysite}
"""
MAKE = "lint:\n\t@isort --check mysite\nfmt:\n\tblack mysite\nbuild:\n\tblack mysite\n"
HOOKS = "repos: [{repo: x, rev: '1', hooks: [{id: black}]}]\n"


@pytest.mark.parametrize(
    ("files", "tools"),
    [
        ({"tox.ini": TOX, "Makefile": MAKE, **hooks(HOOKS)}, ["flake8"]),
        ({"Makefile": MAKE, **hooks(HOOKS)}, ["isort"]),
        (hooks(HOOKS), ["black"]),
        ({"tox.ini": TOX, **hooks(HOOKS), **workflow("ruff check")}, ["ruff"]),
        ({"tox.ini": TOX, **workflow("ruff check", "tox")}, ["flake8", "ruff"]),
        ({"Makefile": MAKE, **workflow("ruff check", "make test")}, ["ruff"]),
        ({"Makefile": MAKE, **workflow("ruff check", "make lint")}, ["isort", "ruff"]),
        ({**hooks(HOOKS), **workflow("ruff check", "pre-commit run -a")}, ["black", "ruff"]),
        ({**hooks("ci: {skip: []}\n" + HOOKS), **workflow("ruff check")}, ["black", "ruff"]),
    ],
)
def test_what_ci_runs_comes_before_what_only_developers_run(
    tmp_path: Path, files: dict[str, str], tools: list[str]
) -> None:
    assert list(lint(tmp_path, files)) == tools


def test_arguments_of_a_hook_are_taken_and_its_filters_become_paths(tmp_path: Path) -> None:
    files = {
        "shop/models.py": "",
        "shop/views.py": "",
        "shop/migrations/0001.py": "",
        "shop/tests/a.py": "",
        "docs/conf.py": "",
        **hooks("""
            exclude: ^docs/
            repos:
              - repo: x
                rev: v24.1.0
                hooks:
                  - id: black
                    args: [--line-length=100]
                    exclude: /migrations/
                  - id: flake8
                    files: ^shop/
                    stages: [manual]
        """),
    }
    assert lint(tmp_path, files) == {
        "black": (
            *BLACK, "--line-length=100", "manage.py", "mysite", "shop/models.py", "shop/tests", "shop/views.py",
        ),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "tools"),
    [
        ("cd web && pre-commit run --all-files", ["ruff", "bandit"]),
        ("pre-commit run --all-files -c web/.pre-commit-config.yaml", ["ruff", "bandit"]),
        ("pre-commit run --all-files --config=web/.pre-commit-config.yaml ruff", ["ruff"]),
        ("pre-commit run --all-files", ["black"]),
        ("cd docs && pre-commit run --all-files", ["black"]),
    ],
)
def test_hooks_come_from_the_directory_in_which_they_are_run(
    tmp_path: Path, line: str, tools: list[str]
) -> None:
    below = "repos: [{repo: x, rev: v0.12.3, hooks: [{id: ruff}, {id: bandit, args: [-ll]}]}]\n"
    files = {**hooks(HOOKS), "web/.pre-commit-config.yaml": below, "docs/index.md": ""}
    assert list(lint(tmp_path, files, workflow(line))) == tools


def test_hooks_below_the_root_are_the_projects_if_the_root_has_none(tmp_path: Path) -> None:
    files = {f"web/{path}": text for path, text in django().items()}
    files["web/.pre-commit-config.yaml"] = HOOKS
    run = loaded(tmp_path / "a", {**files, **workflow("cd web && pre-commit run -a")})
    assert list(run.config.lint) == ["black"]
    assert not run.config.stages.get("lint")
    only_by_developers = loaded(tmp_path / "b", {**files, **workflow("web/manage.py test")})
    assert list(only_by_developers.config.lint) == ["black"]
    assert only_by_developers.config.stages["lint"].optional


SEVERAL = """
    repos:
    - repo: x
      rev: v24.1.0
      hooks:
      - {id: black, files: ^mysite/, args: [-l, '90']}
      - {id: black, name: tools, files: ^tools/}
      - {id: black, name: scripts, files: ^scripts/}
"""


def test_hooks_of_one_tool_with_other_options_are_further_calls(tmp_path: Path) -> None:
    more = {"tools/a.py": "", "scripts/b.py": "", **hooks(SEVERAL)}
    by_hooks = lint(tmp_path / "a", more, workflow("pre-commit run -a", "pre-commit run -a"))
    assert by_hooks == {
        "black": (*BLACK, "-l", "90", "mysite"),
        "black-2": (*BLACK, "tools", "scripts"),
    }
    # What the CI calls by itself, its hooks only repeat.
    by_itself = lint(tmp_path / "b", more, workflow("black --check .", "pre-commit run -a"))
    assert by_itself == {"black": (*BLACK, ".")}
    # Other places, only they check.
    elsewhere = lint(tmp_path / "c", more, workflow("black --check -S mysite", "pre-commit run -a"))
    assert elsewhere == {
        "black": (*BLACK, "-S", "mysite"),
        "black-2": (*BLACK, "tools", "scripts"),
    }


def test_the_version_of_a_hook_is_not_that_of_the_tool_that_the_ci_calls_by_itself(
    tmp_path: Path,
) -> None:
    files = {
        **django(),
        **hooks("repos: [{repo: x, rev: v0.12.3, hooks: [{id: ruff}, {id: ruff-format}]}]\n"),
        "requirements.txt": "django\nruff==0.13.0\n",
    }
    lines = workflow("pip install -r requirements.txt", "ruff check mysite", "pre-commit run -a")
    assert loaded(tmp_path, {**files, **lines}).facts.lint_specs == dict.fromkeys(
        ("ruff", "ruff-format"), "ruff==0.13.0"
    )


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ({"web/tox.ini": "[flake8]\n"}, ["--isolated"]),
        ({"web/tox.ini": "[flake8]\n", "tox.ini": "[flake8]\n"}, ["--config", "../tox.ini"]),
        ({"web/tox.ini": "[pytest]\n"}, []),
    ],
)
def test_a_hook_does_not_read_the_configuration_of_the_working_directory(
    tmp_path: Path, files: dict[str, str], options: list[str]
) -> None:
    project = {"web/manage.py": manage("shop.settings"), "web/shop/settings.py": ""}
    text = hooks("repos: [{repo: x, rev: '1.0', hooks: [{id: flake8, files: ^web/}]}]\n")
    tree = {**project, **text, **workflow("pre-commit run -a"), **files}
    assert commands(loaded(tmp_path, tree).config) == {"flake8": (*FLAKE8, *options, ".")}


@pytest.mark.parametrize(
    ("ignores", "moved"),
    [
        ("web/shop/a.py:F401,E501\n  **/x.py:D100", ["--per-file-ignores=shop/a.py:F401,E501 **/x.py:D100"]),
        ("web/a.py,web/b.py:F401", ["--per-file-ignores=a.py,b.py:F401"]),
        ("docs/conf.py:F401", ["--per-file-ignores=../docs/conf.py:F401"]),
        ("a.py:F401 **/x.py:D100", []),
    ],
)  # fmt: skip
def test_the_files_that_flake8_ignores_count_from_the_directory_of_the_ci(
    tmp_path: Path, ignores: str, moved: list[str]
) -> None:
    files = {
        "web/manage.py": manage("shop.settings"),
        "web/shop/settings.py": "",
        "tox.ini": f"[flake8]\nper-file-ignores =\n  ; old names\n  {ignores}\n",
        **workflow("flake8 web"),
    }
    found = commands(loaded(tmp_path, files).config)
    assert found == {"flake8": (*FLAKE8, "--config", "../tox.ini", *moved, ".")}


def test_an_appended_configuration_is_read_without_that_of_the_working_directory(
    tmp_path: Path,
) -> None:
    files = {
        "web/manage.py": manage("shop.settings"),
        "web/shop/settings.py": "",
        "web/tox.ini": "[flake8]\n",
        **workflow("flake8 web --append-config=web/tox.ini"),
    }
    options = ("--config", "tox.ini", "--append-config", "tox.ini")
    assert commands(loaded(tmp_path, files).config) == {"flake8": (*FLAKE8, *options, ".")}


def test_the_subcommand_among_the_arguments_of_a_hook_is_no_path(tmp_path: Path) -> None:
    text = "repos: [{repo: local, hooks: [{id: ruff, entry: ruff, args: [check, --select=E]}]}]\n"
    assert lint(tmp_path, hooks(text)) == {"ruff": (*RUFF, "--select=E", ".")}


def test_stubs_that_mypy_would_install_are_a_warning(tmp_path: Path) -> None:
    line = "mypy --install-types --non-interactive mysite"
    found = loaded(tmp_path, {**django(), **workflow(line, "python manage.py test")})
    assert any("--install-types" in text and "stubs" in text for text in found.warnings)


def test_hooks_of_mypy_and_local_hooks_are_checks_of_the_ci(tmp_path: Path) -> None:
    text = """
        repos:
        - {repo: mypy, rev: v1.10.0, hooks: [{id: mypy, files: ^mysite/, additional_dependencies: [django-stubs]}]}
        - repo: local
          hooks:
          - {id: a, entry: poetry run black --check -l 90}
          - {id: b, entry: uv run ruff, args: [format, --check]}
    """
    found = loaded(tmp_path, {**django(), **hooks(text), **workflow("pre-commit run -a")})
    commands = {name: tool.command for name, tool in found.config.lint.items()}
    assert list(commands) == ["black", "mypy", "ruff-format"]
    assert tuple(commands["mypy"] or ())[-3:] == (
        "--ignore-missing-imports",
        "--scripts-are-modules",
        "mysite",
    )
    assert commands["black"] == (*BLACK, "-l", "90", ".")
    assert found.facts.lint_specs["mypy"] == "mypy==1.10.0"
    assert found.facts.lint_plugins == ("django-stubs",)


@pytest.mark.parametrize(
    ("hook", "isolated"),
    [
        ("id: mypy", True),
        ("id: mypy, args: [--strict]", True),
        ("id: mypy, additional_dependencies: [django-stubs]", False),
        ("id: mypy, language: system", False),
        ("id: mypy, args: [--python-executable=.venv/bin/python]", False),
    ],
)
def test_mypy_of_a_hook_sees_no_packages_of_the_project(
    tmp_path: Path, hook: str, isolated: bool
) -> None:
    text = f"repos: [{{repo: mirrors-mypy, rev: v1.17.0, hooks: [{{{hook}}}]}}]\n"
    found = loaded(tmp_path, {**django(), **hooks(text), **workflow("pre-commit run -a")})
    assert ("--no-site-packages" in (found.config.lint["mypy"].command or ())) is isolated


def test_a_hooks_pattern_that_is_none_is_ignored(tmp_path: Path) -> None:
    text = "repos: [{repo: x, rev: '1', hooks: [{id: black, exclude: '*('}]}]\n"
    assert lint(tmp_path, hooks(text)) == {"black": (*BLACK, ".")}


def test_what_git_does_not_track_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "/build/\n", "build/x.py": "", "env/lib/x.py": "", "new.py": ""})
    files = {**django(), "tests/x.py": "", **workflow("flake8", "black --check tests")}
    write(tmp_path, files)
    for command in (["init", "-q"], ["add", "manage.py", "mysite", "tests", ".github"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    config = loaded(tmp_path, files).config
    assert commands(config) == {
        "black": (*BLACK, "tests"),
        "flake8": (*FLAKE8, "manage.py", "mysite", "new.py", "tests"),
    }


@pytest.mark.parametrize(
    ("files", "optional"),
    [
        ({}, True),
        ({".flake8": "[flake8]\n"}, None),
        ({".flake8": "[flake8]\n", **workflow("pytest")}, True),
        (hooks(HOOKS), None),
        ({**hooks(HOOKS), **workflow("pytest")}, True),
        ({**hooks(HOOKS), **workflow("pytest", "pre-commit run --all-files")}, None),
        (
            {
                **hooks(HOOKS),
                **workflow("pytest"),
                "README.md": "![](https://results.pre-commit.ci/x.svg)",
            },
            None,
        ),
        ({"Makefile": MAKE, **workflow("pytest")}, True),
        ({".flake8": "[flake8]\n", **workflow("flake8")}, None),
        ({"heroci.toml": 'lint = ["black"]\n'}, None),
    ],
)
def test_findings_of_tools_that_the_project_does_not_run_do_not_fail_it(
    tmp_path: Path, files: dict[str, str], optional: bool | None
) -> None:
    stage = loaded(tmp_path, {**django(), **files}).config.stages.get("lint")
    assert (stage.optional if stage else None) is optional


def test_the_version_is_that_of_the_projects_ci(tmp_path: Path) -> None:
    files = {**django(), **workflow("pip install black==23.3.0", "black --check .")}
    assert loaded(tmp_path, files).facts.lint_specs == {"black": "black==23.3.0"}


def test_plugins_of_flake8_are_those_of_the_hook_of_tox_and_of_ci(tmp_path: Path) -> None:
    files = {
        **django(),
        "pyproject.toml": "[tool.flake8]\nmax-line-length = 100\n",
        "tox.ini": "[testenv:lint]\ndeps =\n  flake8\n  flake8-isort>=4\ncommands = flake8\n",
        **hooks(
            "repos: [{repo: x, rev: '1', hooks: [{id: flake8, additional_dependencies: [flake8-bugbear==24.1]}]}]"
        ),
        **workflow("pip install flake8 pep8-naming", "flake8 mysite"),
    }
    assert loaded(tmp_path, files).facts.lint_plugins == (
        "flake8-bugbear==24.1",
        "pep8-naming",
        "flake8-isort>=4",
        "flake8-pyproject",
    )


@pytest.mark.parametrize("tool", ["black", "isort", "pylint"])
def test_what_a_hook_installs_beside_its_tool_is_installed(tmp_path: Path, tool: str) -> None:
    hook = f"{{id: {tool}, additional_dependencies: [click==8.0.4]}}"
    files = {**django(), **hooks(f"repos: [{{repo: x, rev: v1.2.3, hooks: [{hook}]}}]")}
    assert "click==8.0.4" in environment(loaded(tmp_path, files)).tools


def test_stubs_of_an_environment_for_mypy_belong_to_mypy(tmp_path: Path) -> None:
    files = {
        **django(),
        "requirements.txt": "django\ntypes-requests\n",
        "tox.ini": "[testenv:type]\nskip_install = true\ncommands = mypy mysite\n"
        "deps =\n  mypy\n  django-stubs[compatible-mypy]>=5\n  types-requests\n  celery\n",
        **workflow("pip install -r requirements.txt", "manage.py test", "tox -e type"),
    }
    assert loaded(tmp_path, files).facts.lint_plugins == ("django-stubs[compatible-mypy]>=5",)


def test_hooks_that_the_ci_skips_are_not_planned(tmp_path: Path) -> None:
    files = {**hooks(HOOKS), **workflow("SKIP=ruff,other pre-commit run -a")}
    assert set(lint(tmp_path, files)) == {"black"}


STAGES = """
    default_stages: [pre-commit]
    ci: {skip: [b-two]}
    repos:
    - {repo: a, hooks: [{id: black, stages: [manual]}, {id: flake8, stages: [push]}]}
    - {repo: b, hooks: [{id: isort, stages: [commit-msg]}, {id: ruff, alias: b-two}]}
    - {repo: local, hooks: [{id: c, entry: uv run bandit -r shop, pass_filenames: false, language: system}]}
"""


@pytest.mark.parametrize(
    ("line", "tools"),
    [
        ("pre-commit run -a", ["ruff", "bandit"]),
        ("pre-commit run -a --hook-stage manual", ["black"]),
        ("pre-commit run -a --hook-stage=pre-push", ["flake8"]),
        ("pre-commit run b-two -a", ["ruff"]),
        ("SKIP=b-two,c pre-commit run -a", []),
    ],
)
def test_the_hooks_of_a_stage_run(tmp_path: Path, line: str, tools: list[str]) -> None:
    files = hooks(STAGES.replace("ci: {skip: [b-two]}", ""))
    config = loaded(tmp_path, {**django(), **files, **workflow(line)}).config
    stage = config.stages.get("lint")
    required = [] if stage and stage.optional else [*config.lint]
    assert required == tools


def test_hooks_that_pre_commit_ci_skips_are_not_planned(tmp_path: Path) -> None:
    files = {**hooks(STAGES), **workflow("pytest")}
    assert [*loaded(tmp_path, {**django(), **files}).config.lint] == ["bandit"]


@pytest.mark.parametrize(
    ("line", "checks"),
    [
        ("git diff -U0 main | flake8 --diff", False),
        ("git diff -U0 main | flake8 --diff | sort", False),
        ("flake8 mysite | tee out.txt", True),
        ("git ls-files '*.py' | xargs flake8", True),
    ],
)
def test_a_linter_that_reads_a_pipe_checks_only_that(
    tmp_path: Path, line: str, checks: bool
) -> None:
    found = loaded(tmp_path, {**django(), **workflow(line)})
    assert ("lint" in found.config.stages) is not checks  # optional without a call of the CI
    assert any("also runs 'git diff" in text for text in found.warnings) is not checks


@pytest.mark.parametrize(
    ("line", "checks"),
    [
        ("mypy mysite | mypy-baseline filter", False),
        ("mypy mysite | sort | python judge.py", False),
        ('docker run shop bash -c "mypy mysite | mypy-baseline filter"', False),
        ("mypy mysite | while read line; do ./judge $line; done", False),
        ("mypy mysite | sort | tee out.txt", True),
    ],
)
def test_a_linter_whose_findings_another_program_judges_is_a_warning(
    tmp_path: Path, line: str, checks: bool
) -> None:
    found = loaded(tmp_path, {**django(), **workflow(line)})
    assert ("mypy" in found.config.lint) is checks
    assert any("mypy mysite |" in text for text in found.warnings) is not checks


@pytest.mark.parametrize(
    ("line", "settings", "expected"),
    [
        ("black mysite", "check = true", {"black": (*BLACK, "mysite")}),
        ("black mysite", "check = 1\ndiff = 1", {"black": (*BLACK, "mysite")}),
        ("black --diff mysite", "check = true", {"black": (*BLACK, "mysite")}),
        ("cd mysite && black .", "check = true", {"black": (*BLACK, "mysite")}),
        ("black mysite", "check = false", {}),
        ("black mysite", "line-length = 99", {}),
    ],
)
def test_a_formatter_whose_settings_make_it_check_is_a_check(
    tmp_path: Path, line: str, settings: str, expected: dict[str, object]
) -> None:
    files = {"pyproject.toml": f"[tool.black]\n{settings}\n", **workflow(line)}
    config = loaded(tmp_path, {**django(), **files}).config
    assert commands(config) == expected or (expected == {} and config.stages["lint"].optional)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("black --check $(git diff --name-only main | grep py) manage.py", ["manage.py"]),
        ("pylint $CHANGED_FILES mysite manage.py", ["mysite, manage.py"]),
        ("pylint mysite --jobs $FILES", []),
        ("black --check $(git diff --name-only main)", []),
        ("black --check manage.py", []),
    ],
)
def test_files_of_a_change_beside_known_paths_are_named(
    tmp_path: Path, line: str, found: list[str]
) -> None:
    change = "CHANGED_FILES=$(git diff --name-only main); FILES=$(python count.py)"
    warnings = loaded(tmp_path, {**django(), **workflow(f"{change}; {line}")}).warnings
    changed = [text for text in warnings if "also checks what only the CI knows" in text]
    assert [text.split("only checks ")[1].split(": set")[0] for text in changed] == found


@pytest.mark.parametrize(
    ("line", "planned", "missing"),
    [
        ("flake8 mysite old", ["mysite"], ["old"]),
        ("flake8 old", None, ["old"]),
        ("flake8 --statistics old/ mysite", ["mysite"], ["old/"]),
        ("black --check old.py mysite/settings.py", ["mysite/settings.py"], ["old.py"]),
        ("ruff check mysite", ["mysite"], []),
        ("ruff format --check old", None, ["old"]),
        ("flake8 --some-option old mysite", ["old", "mysite"], []),
        ("flake8 --max-line-length 100 mysite", ["mysite"], []),
        ("flake8 mysite/old*.py mysite", ["mysite"], []),
        ("pylint mysite.settings old/", ["mysite.settings"], ["old/"]),
        ("flake8 build", ["build"], []),  # It is on this machine, whatever git says.
    ],
)
def test_paths_that_the_repository_lacks_are_left_out_with_a_warning(
    tmp_path: Path, line: str, planned: list[str] | None, missing: list[str]
) -> None:
    (tmp_path / "build").mkdir()
    found = loaded(tmp_path, {**django(), **workflow(line, "python manage.py test")})
    commands = [tool.command or () for name, tool in found.config.lint.items()]
    if planned is None:
        assert found.config.stages["lint"].optional is True
    else:
        (command,) = commands
        assert list(command[-len(planned) :]) == planned
    warned = [text for text in found.warnings if "paths that the repository lacks" in text]
    assert [f"{word!r} in " in text for text in warned for word in missing] == [True] * len(missing)
    assert bool(warned) is bool(missing)
