"""The check for missing migrations, asked of a real Django."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from heroci_action import probes

SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = ["shop", "theirs"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""
MODELS = "from django.db import models\nclass Thing(models.Model):\n    name = models.CharField(max_length={})\n"
MIGRATION = """
from django.db import migrations, models
class Migration(migrations.Migration):
    initial = True
    operations = [migrations.CreateModel("Thing", [
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("name", models.CharField(max_length=10)),
    ])]
"""


def app(place: Path, name: str, length: int) -> None:
    """An app whose migration says 10."""
    for path, text in {
        "__init__.py": "",
        "models.py": MODELS.format(length),
        "migrations/__init__.py": "",
        "migrations/0001_initial.py": MIGRATION,
    }.items():
        file = place / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def ask(
    tmp_path: Path, *options: str, own: int, theirs: int, settings: str = "", first: str = ""
) -> tuple[int, str, list[str]]:
    """The exit code, the output and the warnings; `first` precedes the migration of the project's own app."""
    root = tmp_path / "project"
    app(root, "shop", own)
    (root / "shop/migrations/0001_initial.py").write_text(first + MIGRATION)
    app(tmp_path / "elsewhere", "theirs", theirs)
    (root / "settings.py").write_text(SETTINGS + settings)
    (root / "urls.py").write_text("urlpatterns = []\n")
    folder = Path(probes.__file__).parent
    env = {
        **os.environ,
        "PYTHONPATH": f"{tmp_path / 'elsewhere'}:{root}",
        "DJANGO_SETTINGS_MODULE": "settings",
        "HEROCI_ROOT": str(root),
        "HEROCI_RECORD": str(tmp_path / "record"),
    }
    command = [sys.executable, str(folder / "heroci_migrations.py"), *options, "-m", "django"]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    lines = [line for file in (tmp_path / "record").glob("*") for line in file.open()]
    events = [json.loads(line) for line in lines]
    return (
        done.returncode,
        done.stdout + done.stderr,
        [event["text"] for event in events if event["event"] == "warning"],
    )


def test_models_that_fit_their_migrations_pass(tmp_path: Path) -> None:
    assert ask(tmp_path, own=10, theirs=10) == (0, "No changes detected\n", [])


def test_a_missing_migration_of_the_project_fails(tmp_path: Path) -> None:
    code, output, warnings = ask(tmp_path, own=20, theirs=10)
    assert (code, warnings) == (1, [])
    assert output.startswith("Migrations for 'shop':\n")


def test_a_missing_migration_of_an_installed_package_is_a_warning(tmp_path: Path) -> None:
    code, output, (warning,) = ask(tmp_path, own=10, theirs=20)
    assert code == 0
    assert "'theirs'" in warning
    assert "installed package" in warning
    assert "\nMigrations for" not in f"\n{output}"


def test_only_the_named_apps_count(tmp_path: Path) -> None:
    output = "No changes detected in app 'theirs'\n"
    assert ask(tmp_path, "--apps=theirs", own=20, theirs=10) == (0, output, [])
    assert ask(tmp_path / "own", "--apps=theirs,shop", own=20, theirs=10)[0] == 1


def test_of_both_only_the_projects_own_is_the_cause(tmp_path: Path) -> None:
    code, output, warnings = ask(tmp_path, own=20, theirs=20)
    assert (code, len(warnings)) == (1, 1)
    assert [line for line in output.splitlines() if line.startswith("Migrations for")] == [
        "Migrations for 'shop':"
    ]


def test_where_only_a_warning_is_wanted_the_projects_own_are_warnings_too(tmp_path: Path) -> None:
    code, output, warnings = ask(tmp_path, "--warn", own=20, theirs=20)
    assert code == 0
    assert [("'shop'" in text, "'theirs'" in text) for text in sorted(warnings)] == [
        (True, False),
        (False, True),
    ]
    assert "check-migrations" in next(text for text in warnings if "'shop'" in text)
    assert "Migrations for 'shop':" in output


@pytest.mark.parametrize(("own", "code"), [(10, 0), (20, 1)])
def test_modules_that_only_the_order_of_the_system_checks_can_import_are_no_failure(
    tmp_path: Path, own: int, code: int
) -> None:
    late = "import sys\nassert 'urls' in sys.modules\n"
    found, output, _ = ask(
        tmp_path, own=own, theirs=10, settings="ROOT_URLCONF = 'urls'\n", first=late
    )
    assert (found, "Traceback" in output) == (code, False), output


@pytest.mark.parametrize("options", [(), ("--warn",)])
@pytest.mark.parametrize(
    ("settings", "code"), [("import nothing_of_that_name\n", 1), ("raise SystemExit(7)\n", 7)]
)
def test_what_keeps_django_from_answering_is_passed_on(
    tmp_path: Path, settings: str, code: int, options: tuple[str, ...]
) -> None:
    (tmp_path / "settings.py").write_text(settings)
    probe = str(Path(probes.__file__).parent / "heroci_migrations.py")
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "settings"}
    done = subprocess.run([sys.executable, probe, *options, "-m", "django"], env=env, check=False)
    assert done.returncode == code
