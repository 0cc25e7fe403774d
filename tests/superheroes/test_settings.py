"""Settings from the environment: the module is executed again for each of them."""

import os
import runpy
import tempfile
import traceback
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import SimpleTestCase, TestCase

from tests.superheroes.processes import ROOT, environment, manage, run_python

SETTINGS = ROOT / "superheroes" / "settings.py"
SEED_TWICE = """
import django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
call_command("seed_superheroes")
call_command("seed_superheroes")
"""


class SettingsTestCase(SimpleTestCase):
    def read(self, **variables: str) -> dict[str, Any]:
        with patch.dict(os.environ, environment(**variables), clear=True):
            module = runpy.run_path(str(SETTINGS))
        return {name: value for name, value in module.items() if name.isupper()}

    def assert_refuses(self, *words: str, **variables: str) -> str:
        """Assert that loading the settings fails with these words; return the whole traceback."""
        with self.assertRaises(ImproperlyConfigured) as raised:
            self.read(**variables)
        for word in words:
            self.assertIn(word, str(raised.exception))
        return "".join(traceback.format_exception(raised.exception))


class DefaultsTestCase(SettingsTestCase):
    def test_production_defaults_are_secure(self) -> None:
        settings = self.read()

        self.assertFalse(settings["DEBUG"])
        self.assertEqual(settings["ALLOWED_HOSTS"], [])
        for name in (
            "SECURE_SSL_REDIRECT",
            "SECURE_HSTS_SECONDS",
            "SESSION_COOKIE_SECURE",
            "CSRF_COOKIE_SECURE",
        ):
            self.assertTrue(settings[name], name)
        self.assertIsNone(settings["SECURE_PROXY_SSL_HEADER"])

    def test_deployment_check_passes(self) -> None:
        finished = manage(
            "check", "--deploy", "--fail-level", "WARNING", ALLOWED_HOSTS="example.org"
        )

        self.assertEqual(finished.returncode, 0, finished.stderr)
        self.assertIn("no issues (0 silenced)", finished.stdout)

    def test_development_needs_only_debug_and_a_database(self) -> None:
        settings = self.read(DEBUG="1", SECRET_KEY="")

        self.assertTrue(settings["DEBUG"])
        self.assertTrue(settings["SECRET_KEY"].startswith("django-insecure-"))
        self.assertFalse(settings["SECURE_SSL_REDIRECT"])
        self.assertEqual(settings["SECURE_HSTS_SECONDS"], 0)

    def test_ci_variable_has_no_effect(self) -> None:
        self.assertEqual(self.read(CI="true", GITHUB_ACTIONS="true"), self.read())

    def test_there_is_no_secret_key_by_default(self) -> None:
        self.assert_refuses("SECRET_KEY is not set", "DEBUG=1", SECRET_KEY="")


class VariablesTestCase(SettingsTestCase):
    def test_flags_accept_words_and_numbers(self) -> None:
        for word, value in (("1", True), ("TRUE", True), ("on", True), ("0", False), ("no", False)):
            with self.subTest(word=word):
                self.assertEqual(self.read(DEBUG=word)["DEBUG"], value)

    def test_rejects_an_invalid_flag(self) -> None:
        self.assert_refuses("DEBUG is 'maybe'", "use 1 or 0", DEBUG="maybe")

    def test_lists_are_separated_by_commas(self) -> None:
        settings = self.read(
            ALLOWED_HOSTS="a.example, b.example,",
            CSRF_TRUSTED_ORIGINS="https://a.example,https://b.example",
        )

        self.assertEqual(settings["ALLOWED_HOSTS"], ["a.example", "b.example"])
        self.assertEqual(len(settings["CSRF_TRUSTED_ORIGINS"]), 2)

    def test_throttle_rates(self) -> None:
        rest = self.read(THROTTLE_ANON="5/min", THROTTLE_USER="off")["REST_FRAMEWORK"]

        self.assertEqual(rest["DEFAULT_THROTTLE_RATES"], {"anon": "5/min", "user": None})

    def test_rejects_an_invalid_rate(self) -> None:
        for rate in ("5", "0/min", "5/fortnight", "many/min"):
            with self.subTest(rate=rate):
                self.assert_refuses("THROTTLE_ANON", "60/min", THROTTLE_ANON=rate)

    def test_log_level(self) -> None:
        self.assertEqual(self.read(LOG_LEVEL="error")["LOGGING"]["root"]["level"], "ERROR")
        self.assert_refuses("LOG_LEVEL is 'LOUD'", "WARNING", LOG_LEVEL="loud")

    def test_trusts_only_the_configured_number_of_proxies(self) -> None:
        settings = self.read(TRUSTED_PROXIES="1")

        self.assertEqual(settings["SECURE_PROXY_SSL_HEADER"], ("HTTP_X_FORWARDED_PROTO", "https"))
        self.assertEqual(settings["REST_FRAMEWORK"]["NUM_PROXIES"], 1)
        self.assert_refuses("TRUSTED_PROXIES is '-1'", "whole number", TRUSTED_PROXIES="-1")


class DatabaseTestCase(SettingsTestCase):
    def database(self, **variables: str) -> dict[str, Any]:
        return self.read(**variables)["DATABASES"]["default"]

    def test_postgresql(self) -> None:
        config = self.database(DATABASE_URL="postgres://ann:p%40ss@db.example:5433/heroes")

        self.assertEqual(config["ENGINE"], "django.db.backends.postgresql")
        self.assertEqual(
            [config[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")],
            ["ann", "p@ss", "db.example", 5433, "heroes"],
        )
        self.assertTrue(config["CONN_HEALTH_CHECKS"])

    def test_connection_attempts_time_out(self) -> None:
        options = self.database(DATABASE_URL="postgres://db.example/heroes")["OPTIONS"]
        chosen = self.database(DATABASE_URL="postgres://db/heroes?connect_timeout=2")["OPTIONS"]

        self.assertEqual(options["connect_timeout"], 5)
        self.assertEqual(chosen["connect_timeout"], 2)

    def test_test_database_name_has_a_prefix(self) -> None:
        url = "postgres://db/heroes"

        plain = self.database(DATABASE_URL=url)
        chosen = self.database(DATABASE_URL=url, TEST_DATABASE_PREFIX="run_42_")

        self.assertEqual(plain["TEST"]["NAME"], "test_heroes")
        self.assertEqual(chosen["TEST"]["NAME"], "run_42_heroes")

    def test_requires_a_database_name(self) -> None:
        self.assert_refuses("DATABASE_URL is not set", "postgres://", DATABASE_URL="")
        self.assert_refuses("DATABASE_URL names no database", DATABASE_URL="postgres://db/")

    def test_rejects_an_invalid_url_without_showing_it(self) -> None:
        for url in ("oracle8://ann:hunter2@db/x", "ann:hunter2", "postgres://ann:hunter2@db:p/x"):
            with self.subTest(url=url):
                shown = self.assert_refuses("DATABASE_URL cannot be read", DATABASE_URL=url)
                self.assertNotIn("hunter2", shown)

    def test_sqlite(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder, 'heroes.sqlite3')}"
            finished = run_python(
                "-c", SEED_TWICE, DATABASE_URL=url, DJANGO_SETTINGS_MODULE="superheroes.settings"
            )

        self.assertEqual(finished.returncode, 0, finished.stderr)
        first, again = finished.stdout.splitlines()
        self.assertNotIn(" 0 created", first)
        self.assertIn(" 0 created", again)


class MigrationsTestCase(TestCase):
    def test_the_migrations_are_complete(self) -> None:
        # It exits if a migration is missing.
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)
