from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.projects import SQLITE, django, loaded, manage

APPS = f"INSTALLED_APPS = []\n{SQLITE}"
BARE_MANAGE = "from django.core.management import execute_from_command_line as e\ne()\n"


def workflow(line: str, *, env: str = "") -> dict[str, str]:
    return {
        ".github/workflows/ci.yml": f"env: {{{env}}}\njobs: {{t: {{steps: [{{run: '{line}'}}]}}}}"
    }


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        ({"shop/only.py": APPS}, "shop.only"),
        ({"shop/base.py": APPS, ".env.example": "DJANGO_SETTINGS_MODULE=shop.base\n"}, "shop.base"),
        ({"shop/base.py": APPS, "shop/dev.py": "from .base import *\n", **workflow("x")}, None),
        ({"shop/base.py": APPS, "other.py": APPS}, None),
        ({"shop/part.py": "settings.configure(\n    INSTALLED_APPS=[],\n)\n"}, None),
        ({"shop/config.py": f"class Base:\n    INSTALLED_APPS = []\n    {SQLITE}"}, "shop.config"),
        ({"examples/settings.py": APPS, "shop/only.py": APPS}, "examples.settings"),
        ({"shop/base.py": APPS, **workflow("python manage.py test --settings shop.base")}, "shop.base"),
        ({"shop/base.py": APPS, **workflow("DJANGO_SETTINGS_MODULE=shop.base ./manage.py test")}, "shop.base"),
        ({"shop/base.py": APPS, **workflow("./manage.py test", env="DJANGO_SETTINGS_MODULE: shop.base")}, "shop.base"),
    ],
)  # fmt: skip
def test_settings_that_manage_does_not_name_are_found_or_reported(
    tmp_path: Path, files: dict[str, str], settings: str | None
) -> None:
    found = loaded(tmp_path, {"manage.py": BARE_MANAGE, "shop/__init__.py": "", **files})
    assert found.config.settings == settings
    reported = any("no settings module was found" in warning for warning in found.warnings)
    assert reported is (settings is None)


def test_the_candidates_are_listed(tmp_path: Path) -> None:
    files = {"manage.py": BARE_MANAGE, "a.py": APPS, "b.py": "from a import *\n"}
    (warning,) = [w for w in loaded(tmp_path, files).warnings if "no settings module" in w]
    assert "(b, a)" in warning


@pytest.mark.parametrize("name", ["test", "unit_test", "ci", "testing"])
def test_a_candidate_for_tests_is_proposed_first(tmp_path: Path, name: str) -> None:
    files = {f"shop/{each}.py": APPS for each in ("base", "contest", "dev", name)}
    found = loaded(tmp_path, {"manage.py": BARE_MANAGE, **files})
    lines = [line for each in found.facts.suggestions for line in each.lines]
    assert f'settings = "shop.{name}"' in lines


def test_pytest_finds_the_settings_that_conftest_names(tmp_path: Path) -> None:
    conftest = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'tests.config')\n"
    files = {
        "setup.py": "# django",
        "tests/conftest.py": conftest,
        "tests/config.py": APPS,
        "tests/__init__.py": "",
        **workflow("pytest"),
    }
    assert loaded(tmp_path, files).config.settings == "tests.config"


def test_a_conftest_that_configures_django_needs_no_settings(tmp_path: Path) -> None:
    conftest = "from django.conf import settings\nsettings.configure(INSTALLED_APPS=[])\n"
    files = {"setup.py": "# django", "tests/conftest.py": conftest, **workflow("pytest")}
    found = loaded(tmp_path, files)
    assert found.config.settings is None
    assert not any("no settings module" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("line", "env", "paths"),
    [
        ("python manage.py test", "PYTHONPATH: src", ("src",)),
        ("PYTHONPATH=src:lib/shared python manage.py test", "", ("src", "lib/shared")),
        ("PYTHONPATH=. python manage.py test", "", ()),
        ("PYTHONPATH=$PWD/src python manage.py test", "", ("src",)),
        ("python manage.py test shop --pythonpath src", "", ("src",)),
        ("python manage.py test --pythonpath=lib/shared", "PYTHONPATH: src", ("src", "lib/shared")),
        ("PYTHONPATH=/opt/other:nowhere python manage.py test", "", ()),
        ("export PYTHONPATH=src && python manage.py test", "", ("src",)),
        ("mkdir made && PYTHONPATH=made:other python manage.py test", "", ("made",)),
        ("python manage.py test", "", ()),
    ],
)
def test_directories_on_the_import_path_of_the_ci_are_on_that_of_the_tests(
    tmp_path: Path, line: str, env: str, paths: tuple[str, ...]
) -> None:
    files = {
        **django(),
        "src/ledger/__init__.py": "",
        "lib/shared/x.py": "",
        **workflow(line, env=env),
    }
    assert loaded(tmp_path, files).facts.source_paths == paths


@pytest.mark.parametrize(
    ("settings", "paths"),
    [("apps/shop/office/settings.py", ("apps/shop",)), ("office/settings.py", ())],
)
def test_the_checks_find_the_settings_where_pytest_finds_them(
    tmp_path: Path, settings: str, paths: tuple[str, ...]
) -> None:
    files = {
        "manage.py": manage("office.settings"),
        settings: 'SECRET_KEY = "x"\n',
        settings.replace("settings", "__init__"): "",
        "apps/shop/other.py": "",
        "pytest.ini": "[pytest]\npythonpath = apps/shop\nDJANGO_SETTINGS_MODULE = office.settings\n",
        **workflow("pytest"),
    }
    assert loaded(tmp_path, files).facts.source_paths == paths


def test_settings_on_the_import_path_of_the_ci_are_read(tmp_path: Path) -> None:
    files = {
        "manage.py": manage("office.settings"),
        "code/office/__init__.py": "",
        "code/office/settings.py": 'SECRET_KEY = os.environ["KEY"]\n',
        **workflow("PYTHONPATH=code python manage.py test"),
    }
    found = loaded(tmp_path, files)
    assert found.config.env["KEY"] == "{secret_key}"
    assert not any("was not found" in warning for warning in found.warnings)


MODULES = '[submodule "rota"]\n\tpath = {}\n\turl = https://git.example.org/x.git\n'


@pytest.mark.parametrize(
    ("path", "app", "warned"),
    [
        ("rota", "rota", True),
        ("vendor/rota", "rota.apps.RotaConfig", True),
        ("apps/rota", "apps.rota", True),
        ("django-rota", "django_rota", True),
        ("themes/dark", "rota", False),
    ],
)
def test_an_app_in_a_submodule_that_is_not_checked_out_is_a_warning(
    tmp_path: Path, path: str, app: str, warned: bool
) -> None:
    settings = f"INSTALLED_APPS = ['django.contrib.auth', '{app}']\n{SQLITE}"
    files = {**django(settings), ".gitmodules": MODULES.format(path)}
    warnings = loaded(tmp_path, files).warnings
    named = any(app in text and f"submodule {path!r}" in text for text in warnings)
    assert named is warned


@pytest.mark.parametrize(("package", "named"), [("file:../rota", True), ("file:../rotas", False)])
def test_a_package_of_npm_in_a_submodule_that_is_not_checked_out_is_a_warning(
    tmp_path: Path, package: str, named: bool
) -> None:
    files = {
        ".gitmodules": MODULES.format("rota"),
        "ui/package.json": f'{{"a": {{"r": "{package}"}}}}',
    }
    warnings = "".join(loaded(tmp_path, {**django(), **files}).warnings)
    assert ("a package of ui/package.json is in the git submodule 'rota'" in warnings) is named


def test_an_app_in_a_submodule_that_is_checked_out_is_no_warning(tmp_path: Path) -> None:
    settings = f"INSTALLED_APPS = ['rota']\n{SQLITE}"
    files = {**django(settings), ".gitmodules": MODULES.format("rota"), "rota/__init__.py": ""}
    assert not any("submodule" in text for text in loaded(tmp_path, files).warnings)


def test_a_package_with_a_hyphen_is_found(tmp_path: Path) -> None:
    files = {
        **django(),
        "my-site/settings/ci.py": SQLITE,
        ".github/workflows/ci.yml": "on: push\njobs: {t: {steps: [{run: pytest --ds=my-site.settings.ci}]}}\n",
    }
    assert loaded(tmp_path, files).config.settings == "my-site.settings.ci"


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        ({}, "mysite.settings"),
        ({"mysite/settings/test.py": "", "mysite/settings/__init__.py": ""}, "mysite.settings.test"),
        ({"mysite/test_settings.py": SQLITE}, "mysite.test_settings"),
        ({"mysite/tests.py": "", "mysite/test.py": ""}, "mysite.settings"),
        ({"mysite/testing.py": "import sys\nALLOWED = []\n"}, "mysite.settings"),
        ({"mysite/ci.py": "def build(): ...\n"}, "mysite.settings"),
        ({"mysite/testing.py": "from .settings import *\n"}, "mysite.testing"),
        ({"mysite/ci.py": "from .settings import Base\nclass CI(Base): ...\n"}, "mysite.ci"),
        (workflow("python manage.py test --settings=mysite.ci") | {"mysite/ci.py": SQLITE}, "mysite.ci"),
        (workflow("DJANGO_SETTINGS_MODULE=mysite.ci python manage.py test") | {"mysite/ci.py": SQLITE}, "mysite.ci"),
        ({"tox.ini": "[testenv]\nsetenv =\n  DJANGO_SETTINGS_MODULE = mysite.ci\n", "mysite/ci.py": ""}, "mysite.ci"),
        ({"pytest.ini": "[pytest]\naddopts = --ds=mysite.ci\nDJANGO_SETTINGS_MODULE = mysite.x\n"}, "mysite.ci"),
        ({"pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.ci\n", "mysite/ci.py": ""}, "mysite.ci"),
        ({"manage.py": 'import os, sys\nif "test" in sys.argv:\n  os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.ci"\n'
          'else:\n  os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")\n'}, "mysite.ci"),
        ({"manage.py": 'import os\nenv="x"\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", f"mysite.conf.{env}")\n',
          "mysite/conf/test.py": "", "mysite/conf/production.py": ""}, "mysite.conf.test"),
        ({"manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", os.getenv("S", "mysite.settings"))\n'},
         "mysite.settings"),
    ],
)  # fmt: skip
def test_the_settings_module_is_that_of_the_tests(
    tmp_path: Path, files: dict[str, str], settings: str
) -> None:
    assert loaded(tmp_path, {**django(), **files}).config.settings == settings


def test_the_servers_settings_are_those_of_wsgi(tmp_path: Path) -> None:
    wsgi = """
        import os
        from django.core.wsgi import get_wsgi_application
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.production")
        application = get_wsgi_application()
    """
    facts = loaded(tmp_path, {**django(), "mysite/wsgi.py": wsgi, "mysite/production.py": ""}).facts
    assert (facts.server_settings, facts.wsgi) == ("mysite.production", "mysite.wsgi:application")


def test_a_configuration_class_is_chosen_for_django_configurations(tmp_path: Path) -> None:
    settings = "class Base:\n    DATABASES = {}\nclass Test(Base):\n    pass\n"
    files = {**django(settings), "requirements.txt": "django\ndjango-configurations"}
    assert loaded(tmp_path, files).config.env["DJANGO_CONFIGURATION"] == "Test"


def test_a_settings_module_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"manage.py": manage("mysite.local_settings")})
    assert any(
        "'mysite.local_settings'" in warning and "tests.before" in warning
        for warning in found.warnings
    )


@pytest.mark.parametrize(
    ("line", "files", "warned"),
    [
        ("from .private import KEY", {}, True),
        ("import mysite.private", {}, True),
        ("from mysite import private", {}, False),
        ("from .private import KEY", {"mysite/private.py": ""}, False),
        ("from .private import KEY", workflow("cp a.py mysite/private.py && pytest") | {"a.py": ""}, False),
        ("from .private import KEY", workflow("./make_it > mysite/private.py && pytest"), False),
        ("try:\n  from .private import KEY\nexcept ImportError:\n  pass", {}, False),
        ("if DEBUG:\n  from .private import KEY", {}, False),
        ("from somewhere.else_ import KEY", {}, False),
        ("from ._version import v", {"pyproject.toml": '[tool.setuptools_scm]\nwrite_to = "_version.py"'}, False),
    ],
)  # fmt: skip
def test_a_module_that_the_settings_import_and_nothing_has_is_a_warning(
    tmp_path: Path, line: str, files: dict[str, str], warned: bool
) -> None:
    found = loaded(tmp_path, {**django(f"DEBUG = True\n{line}\n{SQLITE}"), **files}).warnings
    assert any("mysite.private" in text for text in found) is warned


def test_a_missing_module_is_made_from_its_example(tmp_path: Path) -> None:
    files = {**django(f"from .private import *\n{SQLITE}"), "mysite/private.py.sample": ""}
    line = 'tests.before = ["cp mysite/private.py.sample mysite/private.py"]'
    assert (line,) in [each.lines for each in loaded(tmp_path, files).facts.suggestions]


def test_the_configuration_of_pytest_that_the_ci_names_decides(tmp_path: Path) -> None:
    files = {
        **django(),
        "mysite/unit.py": SQLITE,
        "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.settings\n",
        "ci/unit.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = mysite.unit\n",
        **workflow("pytest -c ci/unit.ini mysite"),
    }
    config = loaded(tmp_path, files).config
    assert (config.settings, config.working_directory) == ("mysite.unit", ".")
    assert config.tests.args == (("-c", "ci/unit.ini", "mysite"),)


@pytest.mark.parametrize(
    ("module", "warned"),
    [
        ("mysite.ci", True),
        ("mysite.settings", False),
        ("other.settings", False),
        ("mysite.made", False),
    ],
)
def test_settings_of_the_ci_that_do_not_exist_are_a_warning(
    tmp_path: Path, module: str, warned: bool
) -> None:
    workflow = f"""
        jobs:
          test:
            env: {{DJANGO_SETTINGS_MODULE: {module}}}
            steps: [{{run: touch mysite/made.py}}, {{run: python manage.py test}}]
    """
    found = loaded(tmp_path, {**django(), ".github/workflows/ci.yml": workflow})
    text = "'mysite.ci', which is not in the repository; the tests run with 'mysite.settings'"
    assert any(text in warning for warning in found.warnings) is warned
