from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded, manage


def requirements(root: Path, files: dict[str, str]) -> tuple[str, ...]:
    return loaded(root, {**django(), **files}).config.requirements


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        ({"requirements.txt": "django"}, ("requirements.txt",)),
        (
            {"requirements.txt": "django", "requirements-dev.txt": "pytest"},
            ("requirements.txt", "requirements-dev.txt"),
        ),
        (
            {"requirements.txt": "django", "requirements_test.txt": "pytest"},
            ("requirements.txt", "requirements_test.txt"),
        ),
        (
            {"requirements.txt": "django", "dev-requirements.txt": "pytest"},
            ("requirements.txt", "dev-requirements.txt"),
        ),
        (
            {"requirements.txt": "django", "test.requirements.txt": "x"},
            ("requirements.txt", "test.requirements.txt"),
        ),
        (
            {"requirements/base.txt": "django", "requirements/test.txt": "-r base.txt\npytest"},
            ("requirements/test.txt",),
        ),
        (
            {"requirements/base.txt": "django", "requirements/local.txt": "-r ./base.txt"},
            ("requirements/local.txt",),
        ),
        (
            {"requirements/base.txt": "django", "requirements/ci.txt": "pytest"},
            ("requirements/base.txt", "requirements/ci.txt"),
        ),
        (
            {
                "requirements.txt": "-r requirements/production.txt",
                "requirements/production.txt": "-r base.txt\ngunicorn",
                "requirements/base.txt": "django",
                "requirements/development.txt": "-r base.txt\npytest",
            },
            ("requirements/development.txt",),
        ),
        (
            {"requirements/dev.in": "pytest", "requirements/dev.txt": "django==5.2\npytest==8"},
            ("requirements/dev.txt",),
        ),
        ({"requirements.in": "django", "requirements.txt": "django==5.2"}, ("requirements.txt",)),
        (
            {
                "requirements.txt": "django",
                "requirements-docs.txt": "sphinx",
                "docs/requirements.txt": "x",
            },
            ("requirements.txt",),
        ),
        ({"requirements/prod.txt": "django"}, ("requirements/prod.txt",)),
        (
            {
                "requirements/test-ci.txt": "markdown",
                "requirements/test.txt": "-r test-ci.txt\ndjango",
            },
            ("requirements/test.txt",),
        ),
    ],
)
def test_the_base_and_the_tests_files_are_chosen_without_repeating(
    tmp_path: Path, files: dict[str, str], chosen: tuple[str, ...]
) -> None:
    assert requirements(tmp_path, files) == chosen


def test_what_the_projects_ci_installs_for_its_tests_wins(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "django",
        "requirements-dev.txt": "-r requirements.txt",
        "deps/ci-all.txt": "django\npytest",
        "docs/requirements.txt": "sphinx",
        "uv.lock": "",
        ".github/workflows/ci.yml": """
            jobs:
              docs:
                steps: [{run: pip install -r docs/requirements.txt}]
              test:
                steps:
                  - run: |
                      python -m pip install --upgrade pip
                      pip install \\
                        -r deps/ci-all.txt
                  - run: python manage.py test
        """,
    }
    assert requirements(tmp_path, files) == ("deps/ci-all.txt",)


def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    files = {
        "requirements/base.txt": "-r test.txt\ndjango",
        "requirements/test.txt": "-r base.txt\n-r test.txt",
    }
    assert requirements(tmp_path, files) == ("requirements/test.txt",)


def test_a_requirements_file_below_the_working_directory_or_above_it_is_found(
    tmp_path: Path,
) -> None:
    assert loaded(
        tmp_path / "a", {"web/manage.py": manage(), "web/requirements.txt": "django"}
    ).config.requirements == ("web/requirements.txt",)
    assert loaded(
        tmp_path / "b", {"web/manage.py": manage(), "requirements.txt": "django"}
    ).config.requirements == ("requirements.txt",)


def test_names_and_pins_are_read_through_hashes_markers_and_options(tmp_path: Path) -> None:
    text = """
        --index-url https://example.org/simple
        -e git+https://example.org/x.git#egg=My_Package
        Django[argon2]==5.2.1 \\
            --hash=sha256:abc
        psycopg[binary]>=3 ; python_version > "3.8"  # a comment
        black==24.1.0
        ./local
    """
    found = loaded(tmp_path, {**django(), "requirements.txt": text})
    assert found.facts.distributions == {"my-package", "django", "psycopg", "black"}
    assert found.facts.lint_specs == {"black": "black==24.1.0"}


@pytest.mark.parametrize("lock", ["uv.lock", "poetry.lock", "pylock.toml"])
def test_a_lock_is_taken_before_requirements_files(tmp_path: Path, lock: str) -> None:
    files = {
        "backend/manage.py": manage(),
        f"backend/{lock}": "",
        "backend/requirements.txt": "django",
    }
    config = loaded(tmp_path, files).config
    assert (config.lock, config.requirements) == (f"backend/{lock}", ())


def test_groups_and_extras_for_tests_are_asked_for(tmp_path: Path) -> None:
    pyproject = """
        [project]
        name = "shop"
        dependencies = ["django"]
        [project.optional-dependencies]
        test = ["pytest-django"]
        s3 = ["boto3"]
        [dependency-groups]
        tests = ["factory-boy", {include-group = "More"}]
        more = ["responses"]
        dev = ["ruff"]
        docs = ["sphinx"]
    """
    found = loaded(tmp_path, {**django(), "pyproject.toml": pyproject, "uv.lock": ""})
    assert found.config.extras == ("test",)
    assert found.config.groups == ("tests", "dev")
    assert found.facts.distributions == {
        "django",
        "pytest-django",
        "factory-boy",
        "responses",
        "ruff",
    }


def test_groups_of_poetry_are_read(tmp_path: Path) -> None:
    pyproject = """
        [tool.poetry.dependencies]
        python = "^3.11"
        django = "^5"
        [tool.poetry.group.dev.dependencies]
        pytest-django = "*"
    """
    found = loaded(tmp_path, {**django(), "pyproject.toml": pyproject, "poetry.lock": ""})
    assert found.config.groups == ("dev",)
    assert "pytest-django" in found.facts.distributions


def test_a_pipfile_lock_becomes_pinned_packages(tmp_path: Path) -> None:
    lock = {
        "default": {"django": {"version": "==4.2.1", "markers": "python_version >= '3.8'"}},
        "develop": {
            "celery": {"version": "==5.3", "extras": ["redis"]},
            "x": {"git": "https://e.org/x", "ref": "abc"},
        },
    }
    assert loaded(tmp_path, {**django(), "Pipfile.lock": json.dumps(lock)}).config.packages == (
        "django==4.2.1 ; python_version >= '3.8'",
        "celery[redis]==5.3",
        "x @ git+https://e.org/x@abc",
    )


BUILD = (
    '[build-system]\nrequires = ["hatchling"]\n[project]\nname = "x"\ndependencies = ["django"]\n'
)


@pytest.mark.parametrize(
    ("files", "installed"),
    [
        ({**django(), "pyproject.toml": BUILD}, False),
        (
            {
                **django(),
                "pyproject.toml": BUILD.partition("\n[project]")[2].join(["[project]", ""]),
            },
            False,
        ),
        ({"manage.py": manage(), "src/mysite/__init__.py": "", "pyproject.toml": BUILD}, True),
        ({"demo_app/manage.py": manage(), "thing/__init__.py": "", "pyproject.toml": BUILD}, True),
        (
            {
                "thing/__init__.py": "",
                "setup.py": "from setuptools import setup\nsetup(install_requires=['Django'])",
            },
            True,
        ),
        (
            {
                "manage.py": manage(),
                "src/a/__init__.py": "",
                "pyproject.toml": BUILD + "[tool.uv]\npackage = false\n",
            },
            False,
        ),
    ],
)
def test_the_project_is_installed_only_where_its_tests_could_not_import_it(
    tmp_path: Path, files: dict[str, str], installed: bool
) -> None:
    assert loaded(tmp_path, files).facts.install_project is installed


def test_extras_of_a_setup_py_are_read_without_running_it(tmp_path: Path) -> None:
    setup = """
        raise SystemExit("must not run")
        from setuptools import setup
        TESTS = ["pytest-django", "responses"]
        setup(name="x", install_requires=["Django>=4"], extras_require={"test": TESTS, "docs": ["sphinx"]})
    """
    found = loaded(tmp_path, {"x/__init__.py": "", "setup.py": setup})
    assert found.config.extras == ("test",)
    assert found.facts.distributions == {"django", "pytest-django", "responses"}


def test_what_pbr_reads_is_declared(tmp_path: Path) -> None:
    files = {
        **django(),
        "setup.py": "import setuptools\nsetuptools.setup(setup_requires=['pbr'], pbr=True)\n",
        "setup.cfg": "[metadata]\nname = shop\n[extras]\nserver =\n    # the API\n    Django>=4.2\n",
        "requirements.txt": "cliff\n",
        **workflow("pip install .[server]", "python manage.py test"),
    }
    found = loaded(tmp_path, files)
    assert found.config.extras == ("server",)
    assert "no file declares" not in "".join(found.warnings)


def test_what_tox_installs_for_every_environment_is_installed_for_a_package(tmp_path: Path) -> None:
    tox = """
        [testenv]
        deps =
            django52: Django>=5.2,<6
            !latest: djangorestframework
            latest: {[latest]deps}
            responses
            pytest
            -r requirements.txt
        extras = test
        commands = pytest
    """
    setup = "from setuptools import setup\nsetup(install_requires=['Django'], extras_require={'test': ['x']})"
    files = {
        "x/__init__.py": "",
        "setup.py": setup,
        "tox.ini": tox,
        "requirements.txt": "-e .\nfactory-boy\n",
    }
    config = loaded(tmp_path, files).config
    assert config.packages == ("djangorestframework", "responses", "pytest")
    assert config.requirements == ("requirements.txt",)


def test_pytest_is_brought_where_the_project_forgot_to_declare_it(tmp_path: Path) -> None:
    ini = "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\n"
    files = {**django(), "requirements.txt": "django", "pytest.ini": ini}
    assert loaded(tmp_path / "a", files).config.packages == ("pytest", "pytest-django")
    declared = {**files, "requirements.txt": "django\npytest-django"}
    assert loaded(tmp_path / "b", declared).config.packages == ()


def test_nothing_to_install_is_a_warning_with_the_remedy(tmp_path: Path) -> None:
    assert any("set requirements" in warning for warning in loaded(tmp_path, django()).warnings)


def test_groups_without_a_project_are_installed_alone(tmp_path: Path) -> None:
    groups = '[dependency-groups]\nmain = ["Django==5.2"]\ndev = ["pytest"]\n'
    workflow = "jobs: {t: {steps: [{run: pip install --group main --group dev}, {run: pytest}]}}"
    files = {**django(), "pyproject.toml": groups, ".github/workflows/t.yml": workflow}
    found = loaded(tmp_path, files)
    assert (found.facts.project, found.facts.metadata) == (".", None)
    assert set(found.config.groups) == {"main", "dev"}


@pytest.mark.parametrize(
    ("files", "metadata"),
    [
        ({"pyproject.toml": '[project]\nname = "x"\ndependencies = ["django"]\n'}, "pyproject.toml"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\ndjango = "*"\n'}, "pyproject.toml"),
        ({"setup.py": "from setuptools import setup\nsetup(install_requires=['django'])\n"}, "setup.py"),
        ({"setup.cfg": "[metadata]\nname = x\n[options]\ninstall_requires = django\n"}, "setup.cfg"),
    ],
)  # fmt: skip
def test_dependencies_are_read_from_the_file_that_names_them(
    tmp_path: Path, files: dict[str, str], metadata: str
) -> None:
    assert loaded(tmp_path, {**django(), **files}).facts.metadata == metadata


@pytest.mark.parametrize(
    ("code", "installed"),
    [
        ("from importlib.metadata import version\n__version__ = version('my-app')\n", True),
        ("from importlib.metadata import version\n__version__ = version(__package__)\n", True),
        ("import pkg_resources\nV = pkg_resources.get_distribution('my_app').version\n", True),
        ("from importlib.metadata import version\nDJANGO = version('django')\n", False),
        ("def version(name): return name\nversion('my-app')\n", False),
        (
            "from importlib import metadata\ntry: version('my-app')\nexcept metadata.PackageNotFoundError: V = 0\n",
            False,
        ),
        (
            "import importlib.metadata\ntry:\n    V = importlib.metadata.version('my-app')\nfinally:\n    V = 0\n",
            True,
        ),
        (
            "from importlib.metadata import version\ntry:\n    V = version('my-app')\nexcept KeyError:\n    V = ''\n",
            True,
        ),
        ("", False),
    ],
)
def test_a_package_that_asks_for_its_own_version_is_installed(
    tmp_path: Path, code: str, installed: bool
) -> None:
    pyproject = '[build-system]\nrequires = ["hatchling"]\n[project]\nname = "my-app"\ndependencies = ["django"]\n'
    files = {
        **django(),
        "pyproject.toml": pyproject,
        "my_app/__init__.py": "",
        "my_app/apps.py": code,
    }
    assert loaded(tmp_path, files).facts.install_project is installed


def test_any_module_may_ask_for_the_version_of_the_project(tmp_path: Path) -> None:
    pyproject = '[build-system]\nrequires = ["hatchling"]\n[project]\nname = "my-app"\ndependencies = ["django"]\n'
    code = "from importlib import metadata\nVERSION = metadata.version('my-app')\n"
    files = {**django(), "pyproject.toml": pyproject, "mysite/tags/versions.py": code}
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert loaded(tmp_path, files).facts.install_project is True


@pytest.mark.parametrize(
    ("code", "requirements", "packages"),
    [
        ("import pkg_resources", "django", ("setuptools<82",)),
        ("def version():\n    from pkg_resources import require", "django", ("setuptools<82",)),
        ("import pkg_resources", "django\nsetuptools<70", ()),
        ("try:\n    import pkg_resources\nexcept ImportError:\n    pass", "django", ()),
        ("import importlib.metadata  # not pkg_resources", "django", ()),
    ],
)
def test_setuptools_is_installed_if_the_project_imports_pkg_resources(
    tmp_path: Path, code: str, requirements: str, packages: tuple[str, ...]
) -> None:
    files = {**django(), "requirements.txt": requirements, "mysite/plugins.py": code}
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert loaded(tmp_path, files).config.packages == packages


@pytest.mark.parametrize(
    ("python", "requirements", "lock", "packages"),
    [
        ("3.11", "django", {}, ("setuptools<82",)),
        ("3.12", "django", {}, ()),
        ("3.11", "django\nsetuptools", {}, ()),
        ("3.11", "django", {"uv.lock": "", "pyproject.toml": "[project]\nname = 'x'\n"}, ()),
    ],
)
def test_environments_of_older_pythons_contain_setuptools(
    tmp_path: Path, python: str, requirements: str, lock: dict[str, str], packages: tuple[str, ...]
) -> None:
    files = {**django(), "requirements.txt": requirements, ".python-version": python, **lock}
    assert loaded(tmp_path, files).config.packages == packages


def test_a_condition_on_the_url_itself_does_not_keep_the_url_of_the_ci(tmp_path: Path) -> None:
    settings = """
        import os
        import dj_database_url
        if os.environ.get("DATABASE_URL"):
            DATABASES = {"default": dj_database_url.config()}
    """
    job = """
        jobs:
          t:
            env: {DATABASE_URL: "postgres://shop@db:5432/shop"}
            services: {db: {image: "postgres:17"}}
            steps: [{run: python manage.py test}]
    """
    files = {**django(settings), ".github/workflows/ci.yml": job, "requirements.txt": "psycopg"}
    assert loaded(tmp_path, files).config.env["DATABASE_URL"] == "{postgres.url}"


@pytest.mark.parametrize(
    ("file", "packages"),
    [
        ("old/requirements.txt", ("django==5.2.1",)),
        ("requirements/base.txt", ()),
        ("requirements.txt", ()),
    ],
)
def test_a_pipfile_counts_before_requirements_of_another_directory(
    tmp_path: Path, file: str, packages: tuple[str, ...]
) -> None:
    lock = json.dumps({"default": {"django": {"version": "==5.2.1"}}, "develop": {}})
    found = loaded(tmp_path, {**django(), "Pipfile.lock": lock, file: "django\n"})
    assert found.config.packages == packages
    assert found.config.requirements == (() if packages else (file,))


def test_a_job_that_calls_pipenv_installs_the_pipfile(tmp_path: Path) -> None:
    lock = json.dumps({"default": {"django": {"version": "==5.2.1"}}, "develop": {}})
    job = "jobs: {t: {steps: [{run: pipenv install --dev}, {run: python manage.py test}]}}"
    files = {
        **django(),
        ".github/workflows/ci.yml": job,
        "Pipfile.lock": lock,
        "requirements/other.txt": "celery",
    }
    config = loaded(tmp_path, files).config
    assert (config.packages, config.requirements) == (("django==5.2.1",), ())
