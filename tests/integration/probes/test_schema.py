"""Test databases that are copies of the migrated one, with a real server, both runners, and parallel processes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from heroci_action.analysis.diagnosis.probes import crashed_probe
from heroci_action.engines.host.postgres import start_postgres
from heroci_action.engines.host.postgres_binaries import choose, find_binaries
from heroci_action.engines.host.workspace import open_workspace
from heroci_action.plan.stages import Service
from tests.integration.probes.projects import MANAGE, SIGN, Project, Run

COPIED = "test database copied from the migrated database"
AGAIN = "test database migrated again: "

SETTINGS = """import os
SECRET_KEY = "x"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "shop"]
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": os.environ["DB"], "USER": os.environ["DB_USER"],
    "PASSWORD": os.environ["DB_PASSWORD"], "HOST": os.environ["DB_HOST"], "PORT": os.environ["DB_PORT"],
}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""
MIGRATION = """from django.db import migrations, models

def seed(apps, editor):
    apps.get_model("shop", "Thing").objects.create(name="data")

class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel("Thing", [
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("name", models.CharField(max_length=10)),
        ]),
        migrations.RunPython(seed),
    ]
"""
# It writes once per database, and only if it sees the migrations.
APPS = """from django.apps import AppConfig
from django.db.models.signals import post_migrate

def add(sender, plan, **kwargs):
    from shop.models import Thing
    if plan:
        Thing.objects.create(name="signal")

class ShopConfig(AppConfig):
    name = "shop"
    def ready(self):
        post_migrate.connect(add, sender=self)
"""
# As a server whose account may not create this database.
REFUSED = f"""{APPS}
from django.db import DatabaseError
from django.db.backends.utils import CursorWrapper

execute = CursorWrapper.execute

def refuse(self, sql, params=None):
    if sql.startswith('CREATE DATABASE "heroci_'):
        raise DatabaseError("permission denied")
    return execute(self, sql, params)

CursorWrapper.execute = refuse
"""
MODELS = """from django.db import models

class Thing(models.Model):
    name = models.CharField(max_length=10)
"""
TESTS = """from django.contrib.auth.models import Permission
from django.test import TestCase, TransactionTestCase
from shop.models import Thing

def names():
    return sorted(Thing.objects.values_list("name", flat=True))

class Contents(TestCase):
    def test_rows(self):
        self.assertEqual(names(), ["data", "signal"])

    def test_sequence(self):
        self.assertEqual(Thing.objects.create(name="next").pk, 3)

    def test_permissions(self):
        self.assertEqual(Permission.objects.filter(content_type__app_label="shop").count(), 4)

class Serialised(TransactionTestCase):
    serialized_rollback = True

    def test_one(self):
        self.assertEqual(names(), ["data", "signal"])
        Thing.objects.all().delete()

    def test_two(self):
        self.assertEqual(names(), ["data", "signal"])
        Thing.objects.all().delete()
"""
SECOND = """from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.CreateModel("Other", [])]
"""
PYTEST = "[pytest]\nDJANGO_SETTINGS_MODULE = settings\npython_files = tests.py\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The variables of a server, with a database that no project uses."""
    del tmp_path_factory
    with open_workspace(os.environ) as space, start_blocking_portal() as portal:
        found = choose(find_binaries(space.path), None)
        starting = start_postgres(
            found, Service(name="postgres"), workspace=space, sink=lambda *_: None
        )
        with portal.wrap_async_context_manager(starting) as databases:
            number = iter(range(1000))

            class Databases(dict[str, str]):
                def fresh(self) -> dict[str, str]:
                    made = portal.call(databases.create_database, f"shop{next(number)}")
                    names = {"DB": "db", "DB_USER": "user", "DB_HOST": "host", "DB_PORT": "port"}
                    values = {name: made[key] for name, key in names.items()}
                    return {**values, "DB_PASSWORD": made["password"]}

            yield Databases()


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A project with a database, which is migrated once."""

    project: Project
    env: dict[str, str] = field(default_factory=dict)

    def run_migrate(self) -> Run:
        """Run the step `migrate`."""
        probe = Path(__file__).parents[3] / "heroci_action/probes/heroci_migrate.py"
        line = (str(probe), "manage.py", "migrate", "--noinput")
        return self.project.run(*line, env=self.env)

    def migrate(self) -> None:
        """Run the step `migrate`, which succeeds."""
        done = self.run_migrate()
        assert done.code == 0, done.output

    def test(self, *arguments: str) -> Run:
        """Run Django's test runner."""
        return self.project.manage("--noinput", *arguments, env=self.env)

    def pytest(self, *arguments: str) -> Run:
        """Run pytest."""
        (self.project.root / "pytest.ini").write_text(PYTEST)
        return self.project.pytest("-s", *arguments, env=self.env)


@pytest.fixture
def shop(tmp_path: Path, python: Path, server: Mapping[str, str]) -> Shop:
    """A project whose migration and whose signal handler insert a row each."""
    files = {
        "manage.py": MANAGE,
        "settings.py": SETTINGS,
        "shop/__init__.py": "",
        "shop/apps.py": APPS,
        "shop/models.py": MODELS,
        "shop/tests.py": TESTS,
        "shop/migrations/__init__.py": "",
        "shop/migrations/0001_initial.py": MIGRATION,
    }
    project = Project(root=tmp_path / "repository", python=python).write(files)
    env = {
        **server.fresh(),  # type: ignore[attr-defined]
        "HEROCI_SCHEMA": str(tmp_path / "schema.json"),
    }
    return Shop(project=project, env=env)


@pytest.mark.parametrize("arguments", [(), ("--parallel", "2")])
def test_djangos_runner_finds_the_contents_that_it_would_have_created(
    shop: Shop, arguments: tuple[str, ...]
) -> None:
    shop.migrate()
    done = shop.test(*arguments)
    assert (done.code, COPIED in done.output) == (0, True), done.output
    assert done.readings.facts["schema"] == "copied from the migrated database"
    assert len(done.result.tests) == 5


@pytest.mark.parametrize(
    ("own", "code"), [("localhost:{DB_PORT}", 0), ("localhost:1", 1), ("example.org:{DB_PORT}", 1)]
)
def test_a_database_that_only_the_settings_name_is_created_on_the_server_of_the_run(
    shop: Shop, own: str, code: int
) -> None:
    shop.env.update(DB=f"{shop.env['DB']}-named", HEROCI_SERVER=own.format_map(shop.env))
    done = shop.run_migrate()
    assert done.code == code, done.output
    assert (COPIED in shop.test().output) == (code == 0)


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_pytest_finds_the_contents_that_django_would_have_created(
    shop: Shop, arguments: tuple[str, ...]
) -> None:
    shop.migrate()
    done = shop.pytest(*arguments)
    assert done.code == 0, done.output
    assert done.readings.facts["schema"] == "copied from the migrated database"
    assert len(done.result.tests) == 5


# What `manage.py migrate` would load on its own cannot even be imported.
ASKING = f"""{SETTINGS}
import sys
if "test" in sys.argv or "pytest" in sys.modules:
    INSTALLED_APPS += ["django.contrib.sites"]
else:
    MAIL = os.environ["MAIL"]
"""


@pytest.mark.parametrize("runner", ["django", "pytest"])
def test_the_migrated_database_has_the_settings_that_only_the_tests_have(
    shop: Shop, runner: str
) -> None:
    shop.project.write({"settings.py": ASKING})
    shop.env["HEROCI_AS_TESTS"] = runner
    shop.migrate()
    done = shop.test() if runner == "django" else shop.pytest()
    assert (done.code, COPIED in done.output) == (0, True), done.output


# Such settings are common. The URLconf reads them, and only the system checks import it.
TESTING = f"""{SETTINGS}
import sys
TESTING = "test" in sys.argv or "pytest" in sys.modules
DEBUG = not TESTING
ROOT_URLCONF = "urls"
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    MEDIA_ROOT = "media"
DATABASES["default"]["TEST"] = dict(CHARSET="UTF8")
"""
URLS = """from django.conf import settings
urlpatterns = [] if settings.TESTING else []
"""
READ = "from django.conf import settings\nFLAG = settings.TESTING\n"


@pytest.mark.parametrize(
    ("runner", "arguments"),
    [("test", ()), ("test", ("--parallel", "2")), ("pytest", ()), ("pytest", ("-n", "2"))],
)
def test_settings_that_only_the_tests_have_do_not_matter_if_the_migrations_do_not_depend_on_them(
    shop: Shop, runner: str, arguments: tuple[str, ...]
) -> None:
    shop.project.write({"settings.py": TESTING, "urls.py": URLS})
    shop.migrate()
    done = getattr(shop, runner)(*arguments)
    assert (done.code, len(done.result.tests)) == (0, 5), done.output
    assert done.readings.facts["schema"] == "copied from the migrated database"


@pytest.mark.parametrize("runner", ["test", "pytest"])
@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"shop/models.py": READ + MODELS}, "different in the tests: TESTING"),
        ({"shop/models.py": READ.replace("TESTING", "DEBUG") + MODELS}, "different in the tests: DEBUG"),
        (
            {"shop/migrations/0001_initial.py": MIGRATION.replace("\n\ndef", "\n" + READ + "\ndef")},
            "different in the tests: TESTING",
        ),
        ({"settings.py": TESTING + "INSTALLED_APPS += TESTING * ['django.contrib.sessions']\n"}, "INSTALLED_APPS"),
        ({"shop/models.py": "from settings import TESTING\n" + MODELS}, "(shop.models imports settings)"),
        ({"shop/models.py": "import sys\nFLAG = 'x' in sys.argv\n" + MODELS}, "(shop.models uses sys.argv)"),
        (
            {"shop/migrations/0001_initial.py": MIGRATION.replace("apps, editor):", "apps, editor):\n    import urls")},
            "different in the tests: TESTING",
        ),
    ],
)  # fmt: skip
def test_settings_that_the_migrations_may_depend_on_have_to_be_equal(
    shop: Shop, files: Mapping[str, str], reason: str, runner: str
) -> None:
    shop.project.write({"settings.py": TESTING, "urls.py": URLS, **files})
    shop.migrate()
    done = getattr(shop, runner)("shop/tests.py" if runner == "pytest" else "shop")
    assert AGAIN in done.output, done.output
    assert reason in done.readings.facts["schema"]


READS_ARGUMENTS = MIGRATION.replace(
    "seed(apps, editor):", "seed(apps, editor):\n    import sys; 'test' in sys.argv"
)
READS_DEBUG = MIGRATION.replace(
    "seed(apps, editor):",
    "seed(apps, editor):\n    from django.conf import settings; settings.DEBUG",
)
READS_NAME = MIGRATION.replace(
    "seed(apps, editor):", "seed(apps, editor):\n    editor.connection.settings_dict['NAME']"
)
COMMENTS = MIGRATION.replace(
    "migrations.RunPython(seed)",
    "migrations.RunPython(seed), migrations.RunSQL('SELECT current_database()')",
)
SESSION = COMMENTS.replace("SELECT current_database()", "SET search_path = public")
HANDLER = f"""{APPS}
        from django.db.models.signals import pre_migrate
        pre_migrate.connect(before, sender=self)

def before(**kwargs): pass
"""
BARE = {
    "settings.py": SETTINGS.replace('"shop"]', '"shop", "bare"]'),
    "bare/__init__.py": "",
    "bare/models.py": MODELS,
}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"settings.py": SETTINGS + "DATABASES['default']['TEST'] = {'MIGRATE': False}\n"}, "MIGRATE = False"),
        ({"settings.py": SETTINGS + "DATABASES['default']['TEST'] = {'TEMPLATE': 'template0'}\n"}, "TEST has TEMPLATE"),
        ({"shop/migrations/0001_initial.py": READS_ARGUMENTS}, "0001_initial uses sys.argv"),
        ({"shop/migrations/0001_initial.py": READS_DEBUG}, "0001_initial uses settings.DEBUG"),
        ({"shop/migrations/0001_initial.py": READS_NAME}, "0001_initial uses the name of the database"),
        ({"shop/migrations/0001_initial.py": COMMENTS}, "a migration executes 'SELECT current_database()"),
        ({"shop/migrations/0001_initial.py": SESSION}, "a migration executes 'SET search_path"),
        ({"shop/apps.py": HANDLER}, "shop.apps handles pre_migrate"),
        ({"shop/apps.py": REFUSED}, "could not be copied: permission denied"),
        (BARE, "app 'bare' has no migrations"),
        (
            {
                "shop/management/__init__.py": "",
                "shop/management/commands/__init__.py": "",
                "shop/management/commands/migrate.py": "from django.core.management.commands.migrate import Command\n",
            },
            "the project has its own `migrate` command",
        ),
    ],
)  # fmt: skip
def test_the_tests_migrate_again_if_their_database_might_differ(
    shop: Shop, files: Mapping[str, str], reason: str
) -> None:
    shop.project.write(files)
    shop.migrate()
    done = shop.test()
    assert AGAIN in done.output, done.output
    assert reason in done.readings.facts["schema"]


def test_options_that_avoid_migrations_are_respected(shop: Shop) -> None:
    shop.migrate()
    done = shop.pytest("--nomigrations", "-k", "permissions")
    assert done.code == 0, done.output
    assert "MIGRATION_MODULES" in done.readings.facts["schema"]
    kept = shop.test("--keepdb")
    assert "is kept" in kept.readings.facts["schema"]


def test_a_migration_that_was_added_since_is_applied_to_an_empty_database(shop: Shop) -> None:
    shop.migrate()
    shop.project.write({"shop/migrations/0002_other.py": SECOND})
    done = shop.test("shop.tests.Contents.test_permissions")
    assert "`migrate` in the tests executes" in done.readings.facts["schema"], done.output


def test_objects_that_exist_before_the_migrations_are_no_part_of_the_tests(shop: Shop) -> None:
    line = "from django.db import connection; connection.cursor().execute('CREATE SCHEMA extra')"
    assert shop.project.run("manage.py", "shell", "-c", line, env=shop.env).code == 0
    shop.migrate()
    done = shop.test()
    assert (done.code, "was not empty" in done.readings.facts["schema"]) == (0, True), done.output


def test_a_connection_that_ends_soon_only_delays_the_copy(shop: Shop) -> None:
    # PostgreSQL itself waits for five seconds.
    lines = (
        "import pathlib, time",
        "from django.db import connection",
        "connection.ensure_connection()",
        f"pathlib.Path({SIGN!r}).touch()",
        "time.sleep(7)",
    )
    line = ("manage.py", "shell", "-c", "; ".join(lines))
    with ThreadPoolExecutor() as pool:
        other = pool.submit(shop.project.run, *line, env=shop.env)
        while not (shop.project.root / SIGN).exists():
            assert not other.done(), other.result().output
            time.sleep(0.1)
        shop.migrate()
    done = shop.test()
    assert (done.code, COPIED in done.output) == (0, True), done.output


# As in a circle of imports: `shop.prices` can be imported only when the URLconf is being imported.
CIRCLE = {
    "settings.py": SETTINGS + "ROOT_URLCONF = 'urls'\n",
    "urls.py": "import shop.prices\nurlpatterns = []\n",
    "shop/prices.py": "import sys\nassert 'urls' in sys.modules\n",
    "shop/migrations/0001_initial.py": "import shop.prices\n" + MIGRATION,
}


def test_modules_that_only_the_order_of_the_system_checks_can_import_are_migrated(
    shop: Shop,
) -> None:
    shop.project.write(CIRCLE)
    done = shop.run_migrate()
    assert (done.code, "with all system checks now" in done.output) == (0, True), done.output


def test_a_migration_that_has_begun_is_not_repeated(shop: Shop) -> None:
    late = MIGRATION.replace("seed(apps, editor):", "seed(apps, editor):\n    import shop.prices")
    shop.project.write({**CIRCLE, "shop/migrations/0001_initial.py": late})
    done = shop.run_migrate()
    assert (done.code, "with all system checks now" in done.output) == (1, False), done.output
    assert done.output.rstrip().endswith("AssertionError")


def test_a_failed_migration_leaves_no_copy(shop: Shop, tmp_path: Path) -> None:
    broken = MIGRATION.replace("seed(apps, editor):", "seed(apps, editor):\n    raise ValueError")
    shop.project.write({"shop/migrations/0001_initial.py": broken})
    assert shop.run_migrate().code == 1
    assert "did not complete" in json.loads((tmp_path / "schema.json").read_text())["problem"]


@pytest.mark.parametrize(
    ("file", "line", "raised"),
    [
        (
            "shop/apps.py",
            "import shop.prices",
            "ModuleNotFoundError: No module named 'shop.prices'",
        ),
        ("shop/apps.py", "import sys; sys.argv[9]", "IndexError: list index out of range"),
        (
            "shop/migrations/0001_initial.py",
            "from django.db import connection; connection.settings_dict['PRICES']",
            "KeyError: 'PRICES'",
        ),
    ],
)
def test_what_the_project_raises_through_a_hook_is_no_bug_of_the_probe(
    shop: Shop, file: str, line: str, raised: str
) -> None:
    source = shop.project.root / file
    source.write_text(f"{line}\n{source.read_text()}")
    done = shop.run_migrate()
    assert (done.code, raised in done.output) == (1, True), done.output
    assert crashed_probe(done.output, is_probe=True) is None


def test_only_while_migrations_run_the_collector_leaves_out_what_was_there_before(
    shop: Shop,
) -> None:
    """Django's migrations create so many objects that traversing all modules each time takes a quarter of the time."""
    show = "import gc; print({!r}, gc.get_freeze_count() > 0)"
    shop.project.write(
        {
            "shop/migrations/0001_initial.py": MIGRATION.replace(
                "    apps.get_model", f"    {show.format('migration')}\n    apps.get_model"
            ),
            "shop/apps.py": APPS.replace(
                "    if plan:", f"    {show.format('signal')}\n    if plan:"
            ),
        }
    )
    output = shop.run_migrate().output
    assert "migration True" in output
    assert "signal False" in output
