from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from heroci_action.engines.requirements import export_arguments
from heroci_action.pipeline.base import environment
from tests.unit.detection.projects import django, loaded

PEP_735 = """
    [project]
    name = "shop"
    version = "1"
    dependencies = ["django"]
    [project.optional-dependencies]
    checks = ["responses"]
    s3 = ["boto3"]
    [dependency-groups]
    dev = ["ruff"]
    checks = ["pytest-django"]
    docs = ["sphinx"]
"""
POETRY = """
    [tool.poetry]
    name = "shop"
    [tool.poetry.dependencies]
    python = "^3.12"
    django = "*"
    [tool.poetry.group.dev.dependencies]
    pytest-django = "*"
    [tool.poetry.group.video.dependencies]
    pillow = "*"
    [tool.poetry.group.docs]
    optional = true
    [tool.poetry.group.docs.dependencies]
    sphinx = "*"
"""


def workflow(*lines: str) -> dict[str, str]:
    steps = "".join(f"      - run: {line}\n" for line in (*lines, "python manage.py test"))
    return {".github/workflows/ci.yml": f"on: push\njobs:\n  test:\n    steps:\n{steps}"}


@pytest.mark.parametrize(
    ("line", "groups"),
    [
        ("uv sync", ("dev",)),
        ("uv sync --group checks", ("dev", "checks")),
        ("uv sync --group=checks --no-dev", ("checks",)),
        ("uv sync --only-group checks", ("checks",)),
        ("uv sync --all-groups --no-group docs", ("dev", "checks")),
        ("uv sync --locked --frozen", ("dev",)),
        ("uv sync --no-dev --group checks && uv run --no-sync ./manage.py check", ("checks",)),
        ("pip install --group checks -e .", ("checks",)),
        ("pip install --group pyproject.toml:checks", ("checks",)),
        ("uv sync --no-default-groups --group checks", ("checks",)),
        # A named group of PDM takes the place of all other groups for development.
        ("pdm sync", ("dev", "checks", "docs")),
        ("pdm sync -G checks", ("checks",)),
        ("pdm install -dG checks", ("checks",)),
    ],
)
def test_the_groups_that_the_ci_installs_are_installed(
    tmp_path: Path, line: str, groups: tuple[str, ...]
) -> None:
    files = {**django(), **workflow(line), "pyproject.toml": PEP_735}
    assert loaded(tmp_path, files).config.groups == groups


def test_a_group_of_a_call_of_uv_run_is_installed(tmp_path: Path) -> None:
    run = "uv run --group checks --no-dev python manage.py test --group x"
    files = {**django(), **workflow(run), "pyproject.toml": PEP_735}
    assert loaded(tmp_path, files).config.groups == ("checks",)


@pytest.mark.parametrize(
    ("line", "groups"),
    [
        ("poetry install", ("dev", "video")),
        ("poetry install --no-interaction --with docs", ("dev", "video", "docs")),
        ("poetry install --without=video,docs", ("dev",)),
        ("poetry install --only main,video", ("video",)),
        ("poetry install --no-dev", ("video",)),
        ("poetry sync --all-groups", ("dev", "video", "docs")),
        ("echo nothing", ("dev", "video")),
    ],
)
def test_poetry_installs_every_group_that_is_not_optional(
    tmp_path: Path, line: str, groups: tuple[str, ...]
) -> None:
    files = {**django(), **workflow(line), "pyproject.toml": POETRY, "poetry.lock": ""}
    config = loaded(tmp_path, files).config
    assert (config.lock, config.groups) == ("poetry.lock", groups)


@pytest.mark.parametrize(
    ("line", "constraints"),
    [
        ("pip install -r requirements/base.txt -c limits.txt", ("limits.txt",)),
        ("uv pip install --constraints=limits.txt -r requirements/base.txt", ("limits.txt",)),
        ("PIP_CONSTRAINT=limits.txt pip install -r requirements/base.txt", ("limits.txt",)),
        ("export UV_CONSTRAINT=limits.txt; uv pip install django", ("limits.txt",)),
        ("pip install -c limits.txt .[checks]", ("limits.txt",)),
        ("pip install -r requirements/base.txt -c elsewhere.txt", ()),
    ],
)
def test_the_constraints_of_the_ci_limit_the_versions(
    tmp_path: Path, line: str, constraints: tuple[str, ...]
) -> None:
    files = {**django(), **workflow(line), "pyproject.toml": PEP_735, "limits.txt": "django<5.2"}
    files["requirements/base.txt"] = "django"
    assert loaded(tmp_path, files).config.constraints == constraints


@pytest.mark.parametrize(
    ("line", "extras"),
    [
        ("pip install -e .[checks]", ("checks",)),
        ("pip install '.[checks, s3]'", ("checks", "s3")),
        ("pip install .", ()),
        ("pip install dist/*.whl[s3]", ("s3",)),
        ("pip install shop*whl[s3]", ("s3",)),
        ("pip install shop-1.0-py3-none-any.whl[s3]", ("s3",)),
        ('pip install "$(ls dist/*.whl)[checks,s3]"', ("checks", "s3")),
        ("uv sync --extra checks", ("checks",)),
        ("uv sync --all-extras", ("checks", "s3")),
        ("uv pip install -r pyproject.toml --extra s3", ("s3",)),
    ],
)
def test_the_extras_that_the_ci_installs_are_installed(
    tmp_path: Path, line: str, extras: tuple[str, ...]
) -> None:
    files = {**django(), **workflow(line), "pyproject.toml": PEP_735}
    assert loaded(tmp_path, files).config.extras == extras


@pytest.mark.parametrize(
    ("line", "requirements", "packages"),
    [
        ("pip install -r requirements/build.txt", ("requirements/build.txt",), ()),
        ("pip3 install --requirement=docs/requirements.txt", ("docs/requirements.txt",), ()),
        ("python -m pip install -q -rrequirements/build.txt", ("requirements/build.txt",), ()),
        ("sudo pip-sync requirements/build.txt", ("requirements/build.txt",), ()),
        ("uv pip sync requirements/build.txt", ("requirements/build.txt",), ()),
        ("uv pip sync -r requirements/build.txt", ("requirements/build.txt",), ()),
        ("pip install -qr requirements/build.txt --exists-action w", ("requirements/build.txt",), ()),
        ("pip install -U pip wheel tox", ("requirements/base.txt",), ()),
        ("pip install -U pip setuptools && pip install -r docs/requirements.txt", ("docs/requirements.txt",), ()),
        ("pip install setuptools -r docs/requirements.txt", ("docs/requirements.txt",), ("setuptools",)),
        (
            "pip install -r requirements/base.txt 'pytest>=8' 'setuptools<81' codecov",
            ("requirements/base.txt",),
            ("pytest>=8", "setuptools<81"),
        ),
        ("pip install -r nowhere.txt -r requirements/build.txt", ("requirements/build.txt",), ()),
    ],
)  # fmt: skip
def test_the_files_and_packages_that_the_ci_installs_are_installed(
    tmp_path: Path, line: str, requirements: tuple[str, ...], packages: tuple[str, ...]
) -> None:
    files = {
        **django(),
        **workflow(line),
        "requirements/base.txt": "django",
        "requirements/build.txt": "django\npytest",
        "docs/requirements.txt": "sphinx",
    }
    config = loaded(tmp_path, files).config
    assert (config.requirements, config.packages) == (requirements, packages)


def test_packages_of_a_file_that_the_job_writes_are_installed(tmp_path: Path) -> None:
    line = "echo 'coverage>=7.3' > ci.txt && echo '-r base.txt' >> ci.txt && pip install -r ci.txt"
    files = {**django(), "base.txt": "django>=5\nresponses\n", **workflow(line)}
    found = loaded(tmp_path, files).config
    assert found.requirements == ()
    assert found.packages == ("coverage>=7.3", "django>=5", "responses")


def test_a_lock_is_not_used_if_the_ci_installs_something_else(tmp_path: Path) -> None:
    files = {
        **django(),
        **workflow("pip install -e ."),
        "pyproject.toml": PEP_735,
        "uv.lock": "version = 1",
    }
    assert loaded(tmp_path, files).config.lock is None


def test_a_file_of_another_job_is_not_installed(tmp_path: Path) -> None:
    jobs = """
        jobs:
          docs: {steps: [{run: pip install -r docs/requirements.txt}, {run: make html}]}
          test: {steps: [{run: pip install -r reqs/all.txt}, {run: python manage.py test}]}
    """
    files = {
        **django(),
        ".github/workflows/ci.yml": jobs,
        "docs/requirements.txt": "sphinx",
        "reqs/all.txt": "django",
    }
    assert loaded(tmp_path, files).config.requirements == ("reqs/all.txt",)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("flake8==7.3.0 ; python_version >= '3.9'\nflake8==5.0.4 ; python_version < '3.9'", "flake8==7.3.0"),
        ("flake8==5.0.4 ; python_version < '3.9'\nflake8==7.3.0", "flake8==7.3.0"),
        ("flake8==7.3.0 ; sys_platform == 'win32'\nflake8==7.1.0 ; sys_platform != 'win32'", "flake8==7.1.0"),
        ("flake8 == 7.3.*", "flake8==7.3.*"),
        ("flake8===7.3.0", "flake8===7.3.0"),
        ("Flake8[extra] == 7.3.0 \\\n  --hash=sha256:00", "flake8==7.3.0"),
        ("flake8==7.3.0+local.1  # why", "flake8==7.3.0+local.1"),
        ("-c constraints.txt\nflake8", "flake8==7.0.0"),
    ],
)  # fmt: skip
def test_pins_are_read_as_packaging_reads_them(tmp_path: Path, text: str, spec: str) -> None:
    files = {
        **django(),
        "requirements.txt": f"django\n{text}\n",
        "constraints.txt": "flake8==7.0.0\n",
        ".flake8": "[flake8]\n",
    }
    assert loaded(tmp_path, files).facts.lint_specs["flake8"] == spec


@pytest.mark.parametrize(
    ("requirement", "measured"),
    [
        ("coverage==4.5.4", False),
        ("coverage<5", False),
        ("coverage~=4.5", False),
        ("coverage~=5.0.3", True),
        ("coverage==4.5.4 ; python_version < '3.8'", True),
        ("coverage==5.0a8", False),
        ("coverage==5.0.1", True),
        ("coverage==7.10.1", True),
        ("coverage==7.*", True),
        ("coverage<7", True),
        ("coverage>=4", True),
        ("coverage", True),
    ],
)
def test_an_old_coverage_turns_measuring_off_with_a_warning(
    tmp_path: Path, requirement: str, measured: bool
) -> None:
    found = loaded(tmp_path, {**django(), "requirements.txt": f"django\n{requirement}\n"})
    assert found.config.tests.coverage is measured
    assert any("coverage is not measured" in text for text in found.warnings) is not measured


def test_constraints_of_the_command_line_limit_the_version_of_coverage(tmp_path: Path) -> None:
    line = "pip install -r requirements.txt -c limits.txt"
    files = {
        **django(),
        "requirements.txt": "django\ncoverage\n",
        "limits.txt": "coverage == 4.5.*\n",
    }
    found = loaded(tmp_path, {**files, **workflow(line, "python manage.py test")})
    assert not found.config.tests.coverage


def test_what_is_installed_beside_toxs_environment_is_no_dependency(tmp_path: Path) -> None:
    files = {
        **django(),
        "tox.ini": "[testenv]\nskip_install = true\ndeps =\n  -r test.txt\n  mixer\ncommands = pytest\n",
        "test.txt": "django\n",
        ".github/workflows/t.yml": """
            jobs: {t: {steps: [{run: 'pip install tox "attrs<46"'}, {run: tox}]}}
        """,
    }
    config = loaded(tmp_path, files).config
    assert config.requirements == ("test.txt",)
    assert "mixer" in config.packages
    assert not [name for name in config.packages if "attrs" in name]


def test_a_tool_that_uv_installs_to_run_it_is_no_dependency(tmp_path: Path) -> None:
    lines = ("uv run --with xdist pytest", "uv run --with coveralls coveralls")
    found = loaded(tmp_path, {**django(), "requirements.txt": "django", **workflow(*lines)})
    assert "coveralls" not in found.config.packages
    assert "xdist" in found.config.packages


def test_pdm_dev_dependencies_are_groups(tmp_path: Path) -> None:
    pyproject = '[project]\nname = "x"\ndependencies = ["django"]\n[tool.pdm.dev-dependencies]\ntest = ["pytest"]\n'
    found = loaded(tmp_path, {**django(), "pyproject.toml": pyproject, **workflow("pdm install")})
    assert found.config.groups == ("test",)


def test_a_version_of_an_ubuntu_package_is_dropped(tmp_path: Path) -> None:
    files = {**django(), "requirements.txt": "django\n"}
    found = loaded(tmp_path, {**files, **workflow("sudo apt-get install -y gettext=0.21-12")})
    assert found.config.apt == ("gettext",)


@pytest.mark.parametrize(
    ("line", "requirements", "packages"),
    [
        ("uv sync && uv run python -m pip install tblib", (), ("tblib",)),
        ("poetry install && poetry run pip install -r more.txt", ("more.txt",), ()),
    ],
)
def test_what_is_installed_beside_a_lock_counts(
    tmp_path: Path, line: str, requirements: tuple[str, ...], packages: tuple[str, ...]
) -> None:
    files = {**django(), **workflow(line), "pyproject.toml": PEP_735, "more.txt": "mock"}
    files |= {"uv.lock": "", "poetry.lock": ""}
    config = loaded(tmp_path, files).config
    assert (config.requirements, config.packages) == (requirements, packages)


def test_other_packages_of_the_repository_are_installed(tmp_path: Path) -> None:
    files = {
        **{f"web/{name}": text for name, text in django().items()},
        "web/pyproject.toml": PEP_735,
        "shared/setup.py": "setup()",
        ".github/workflows/ci.yml": """
            jobs:
              t:
                defaults: {run: {working-directory: web}}
                steps: [{run: "pip install -e ../shared[x] -e .[s3] && python manage.py test"}]
        """,
    }
    config = loaded(tmp_path, files).config
    assert (config.packages, config.extras) == (("./shared[x]",), ("s3",))


def test_a_project_that_the_ci_installs_is_installed_for_its_dependencies(tmp_path: Path) -> None:
    project = '[project]\nname = "shop"\ndynamic = ["dependencies"]\n'
    dynamic = '[tool.setuptools.dynamic]\ndependencies = {file = ["base.txt"]}\n'
    files = {
        **django(),
        **workflow("pip install dist/*.whl -r tests.txt"),
        "pyproject.toml": f'{project}{dynamic}[build-system]\nrequires = ["setuptools"]\n',
        "base.txt": "django  # the framework\npsycopg[binary]>=3\n",
        "tests.txt": "mock",
    }
    facts = loaded(tmp_path, files).facts
    assert facts.install_project
    assert facts.distributions == {"django", "psycopg", "mock"}


def test_a_later_call_installs_the_group_that_an_earlier_one_left_out(tmp_path: Path) -> None:
    files = {**django(), **workflow("uv sync --no-dev", "uv sync"), "pyproject.toml": PEP_735}
    assert loaded(tmp_path, files).config.groups == ("dev",)


def test_an_editable_directory_without_a_slash_is_the_project(tmp_path: Path) -> None:
    files = {
        **{f"src/{name}": text for name, text in django().items()},
        "src/pyproject.toml": PEP_735,
        ".github/workflows/ci.yml": """
            jobs: {t: {steps: [{run: "pip install -Ue src[checks]"}, {run: python src/manage.py test}]}}
        """,
    }
    config = loaded(tmp_path, files).config
    assert (config.extras, config.packages) == (("checks",), ())


TOX = """
    [tox]
    envlist = py312, lint
    skipsdist = true
    [testenv]
    deps = responses
    commands = python manage.py test
    [testenv:lint]
    deps = flake8==7.0.0
    commands = flake8 mysite
"""
NOX = """
    import nox
    @nox.session
    def tests(session):
        session.install("responses")
        session.run("python", "manage.py", "test")
    @nox.session
    def lint(session):
        session.install("flake8==7.0.0")
        session.run("flake8", "mysite")
"""
HATCH = """
    [envs.test]
    skip-install = true
    dependencies = ["responses"]
    scripts.all = "python manage.py test"
    [envs.lint]
    skip-install = true
    dependencies = ["flake8==7.0.0"]
    scripts.all = "flake8 mysite"
"""


@pytest.mark.parametrize(
    ("lines", "files"),
    [
        (["tox"], {"tox.ini": TOX}),
        (["nox"], {"noxfile.py": NOX}),
        (["hatch run lint:all", "hatch run test:all"], {"hatch.toml": HATCH}),
    ],
)
def test_what_is_installed_into_another_environment_is_not_for_the_tests(
    tmp_path: Path, lines: list[str], files: dict[str, str]
) -> None:
    steps = "".join(f"      - run: {line}\n" for line in ("pip install black", *lines))
    ci = {".github/workflows/ci.yml": f"on: push\njobs:\n  test:\n    steps:\n{steps}"}
    found = loaded(tmp_path, {**django(), **files, **ci})
    assert found.config.packages == ("responses",)
    assert found.facts.lint_specs["flake8"] == "flake8==7.0.0"


WORKSPACE = """
    [project]
    name = "shop"
    [tool.uv.workspace]
    members = ["libs/*"]
"""
PIPFILE = """
    [packages]
    django = "==5.1.4"
    shared = {path = "libs/shared", editable = true}
    [dev-packages]
    responses = {version = "*", extras = ["tests"]}
"""


@pytest.mark.parametrize("lines", [["pipenv install --dev --skip-lock"], []])
def test_without_its_lock_file_the_pipfile_names_the_packages(
    tmp_path: Path, lines: list[str]
) -> None:
    found = loaded(tmp_path, {**django(), **workflow(*lines), "Pipfile": PIPFILE}).config
    assert found.packages == ("django==5.1.4", "./libs/shared", "responses[tests]")


@pytest.mark.parametrize(
    "lines",
    [
        ["pipenv sync --dev", "pipenv run pip install -r extra.txt"],
        ["pipenv install --dev -r extra.txt"],
        ["pip install -r extra.txt", "pipenv install --system --dev"],
        ["pipenv install --dev", "source .venv/bin/activate && python -m pip install -r extra.txt"],
    ],
)
def test_files_that_the_job_installs_beside_the_pipfile_do_not_replace_it(
    tmp_path: Path, lines: list[str]
) -> None:
    files = {"Pipfile": PIPFILE, "extra.txt": "rollbar==1.0\n"}
    found = loaded(tmp_path, {**django(), **workflow(*lines), **files}).config
    assert found.packages == ("django==5.1.4", "./libs/shared", "responses[tests]")
    assert found.requirements == ("extra.txt",)


def test_packages_that_the_job_installs_beside_the_pipfile_are_added(tmp_path: Path) -> None:
    lines = ["pip install pipenv", "pipenv install --dev", "pipenv run pip install time-machine"]
    found = loaded(tmp_path, {**django(), **workflow(*lines), "Pipfile": PIPFILE}).config
    assert found.packages[-1] == "time-machine"
    assert "pipenv" not in found.packages


def test_in_a_workspace_of_uv_the_lock_pins_the_dependencies_of_the_projects_member(
    tmp_path: Path,
) -> None:
    member = '[project]\nname = "site"\n[dependency-groups]\ntest = ["responses"]\n'
    files = {
        "pyproject.toml": '[tool.uv.workspace]\nmembers = ["apps/*"]\n',
        "uv.lock": "",
        "apps/site/pyproject.toml": member,
        **{f"apps/site/{name}": text for name, text in django().items()},
        **workflow("uv sync --package site --group test"),
    }
    found = environment(loaded(tmp_path, files))
    assert (found.lock, found.project, found.groups) == ("uv.lock", "apps/site", ("test",))
    words = export_arguments(found, "uv.lock", Path("out"))
    assert words[words.index("--project") + 1] == "apps/site"
    assert "--project" not in export_arguments(replace(found, project="."), "uv.lock", Path("out"))


@pytest.mark.parametrize(
    ("sync", "packages"),
    [
        ("uv sync --group test", ("responses[x]==0.25.0", "factory-boy>=3")),
        ("uv sync", ("rich==14.0",)),
        ("uv sync --package site", ()),
        ("cd apps/site && uv sync", ()),
    ],
)
def test_in_a_workspace_of_uv_the_groups_of_its_root_are_installed_beside_a_member(
    tmp_path: Path, sync: str, packages: tuple[str, ...]
) -> None:
    root = """
        [project]
        name = "all"
        [tool.uv]
        default-groups = ["show"]
        [tool.uv.workspace]
        members = ["apps/*"]
        exclude = ["apps/old"]
        [dependency-groups]
        test = [{include-group = "base"}, "factory-boy>=3"]
        base = ["responses[x]>=0.20"]
        show = ["rich"]
    """
    names = {"django": "5.2", "responses": "0.25.0", "rich": "14.0", "pytest": "8.0"}
    lock = "".join(f'[[package]]\nname = "{n}"\nversion = "{v}"\n' for n, v in names.items())
    files = {
        "pyproject.toml": root,
        "uv.lock": lock,
        # Left over from the time before the workspace.
        "apps/site/uv.lock": "",
        "apps/site/pyproject.toml": '[project]\nname = "site"\ndependencies = ["django"]\n',
        **{f"apps/site/{name}": text for name, text in django().items()},
        **workflow(sync, "cd apps/site && uv run python manage.py test"),
    }
    found = loaded(tmp_path, files)
    assert environment(found).lock == "uv.lock"
    assert environment(found).project == "apps/site"
    shown = tuple(name for name in found.config.packages if not name.startswith("setuptools"))
    assert set(packages) <= set(shown)
    assert ("rich==14.0" in shown) is (sync in {"uv sync", "uv sync --group test"})
    assert bool(shown) is bool(packages)


def test_a_folder_outside_of_a_workspace_keeps_its_own_lock_file(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[tool.uv.workspace]\nmembers = ["libs/*"]\n',
        "uv.lock": "",
        "site/uv.lock": "",
        "site/pyproject.toml": '[project]\nname = "site"\n',
        **{f"site/{name}": text for name, text in django().items()},
        **workflow("cd site && uv sync && uv run python manage.py test"),
    }
    assert environment(loaded(tmp_path, files)).lock == "site/uv.lock"


def test_every_member_of_a_workspace_is_installed_if_the_ci_does_so(tmp_path: Path) -> None:
    lines = workflow("uv sync --all-groups --all-packages", "python manage.py test")
    found = loaded(tmp_path, {**django(), **lines, "uv.lock": "", "pyproject.toml": WORKSPACE})
    words = export_arguments(environment(found), "uv.lock", Path("out"))
    assert "--all-packages" in words
    assert "--project" not in words


@pytest.mark.parametrize(
    ("line", "extras"), [("pip install -e .", ()), ("pip install -e . $(./more.sh)", ("dev",))]
)
def test_an_installation_that_is_only_partly_known_does_not_decide_about_extras(
    tmp_path: Path, line: str, extras: tuple[str, ...]
) -> None:
    metadata = '[project]\nname = "a"\nversion = "1"\n[project.optional-dependencies]\ndev = ["responses"]\n'
    files = {**django(), "pyproject.toml": metadata, **workflow(line, "python manage.py test")}
    assert loaded(tmp_path, files).config.extras == extras


def test_configured_files_take_the_place_of_the_project_that_the_ci_installs(
    tmp_path: Path,
) -> None:
    files = {
        **workflow("pip install -e .", "python manage.py test"),
        "pyproject.toml": "[build-system]\nrequires = ['x']\n[project]\nname = 'shop'\n"
        "[dependency-groups]\ndev = ['rich']\n",
        "requirements.txt": "Django\n",
        "heroci.toml": 'requirements = ["requirements.txt"]\n',
    }
    found = loaded(tmp_path, {**django(), **files})
    assert not found.facts.install_project
    assert found.config.groups == ()


EVERY = ("requirements/base.txt", "requirements/dev.txt", "requirements/test.txt")


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("for f in requirements/*.txt; do pip install -r $f; done", EVERY),
        ("for f in $(ls requirements/*.txt); do pip install -r $f; done", EVERY),
        ("ls requirements/*.txt | xargs -n 1 pip install -r", EVERY),
        ("find requirements -name '*.txt' | xargs -n1 pip install -r", EVERY),
        ("find requirements -type f | xargs -I{} pip install -r {}", EVERY),
        ("find requirements -name '*.txt' -exec pip install -r {} \\;", EVERY),
        ("git ls-files 'requirements/*' | xargs -I % python -m pip install -r %", EVERY),
        ("pip wheel -r requirements/base.txt -w wheels; pip install wheels/*.whl", EVERY[:1]),
        ("pip wheel -w wheels django\npip install -f wheels -r requirements/base.txt", EVERY[:1]),
    ],
)
def test_every_file_of_requirements_that_a_line_names_one_by_one_is_installed(
    tmp_path: Path, line: str, files: tuple[str, ...]
) -> None:
    text = line.replace("\n", "\n" + 8 * " ")
    steps = f"    - run: |\n        {text}\n    - run: python manage.py test\n"
    ci = f"on: push\njobs:\n  test:\n    steps:\n{steps}"
    listed = {"base": "django\n", "dev": "ipython\n", "test": "pytest\n"}
    given = {f"requirements/{name}.txt": packages for name, packages in listed.items()}
    found = loaded(tmp_path, {**django(), **given, ".github/workflows/ci.yml": ci})
    assert found.config.requirements == files
    assert set(found.config.packages) <= {"django"}
    assert not any("further places" in text for text in found.warnings)
