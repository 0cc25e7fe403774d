from __future__ import annotations

import pytest

from heroci_action.analysis.diagnosis import diagnose


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("OSError: [Errno 28] No space left on device: 'x'", "the disk is full"),
        (
            "error: Failed to fetch: `u`\n  Caused by: dns error",
            "the package index cannot be reached",
        ),
        (
            "  x No solution found when resolving dependencies:",
            "the requirements contradict each other",
        ),
        (
            "django.db.utils.NotSupportedError: ICU is not supported in this build",
            "the PostgreSQL that was used has no ICU collations",
        ),
        (
            "Migrations for 'superheroes':\n  x.py",
            "the models of app 'superheroes' have changes without a migration",
        ),
        ("fatal error: libpq-fe.h: No such file or directory", "a dependency is built from source"),
        (
            "  File \"/app/settings.py\", line 7\n    DEBUG = (\n            ^\nSyntaxError: '(' was never closed",
            "/app/settings.py, line 7, is not valid Python: '(' was never closed",
        ),
        (
            "ModuleNotFoundError: No module named 'rest_framework'",
            "the module 'rest_framework' is not in the environment",
        ),
        ("KeyError: 'SECRET_KEY'", "the environment variable SECRET_KEY is not set"),
        (
            "django.core.exceptions.ImproperlyConfigured: Set the DATABASE_URL environment variable",
            "the environment variable DATABASE_URL is not set",
        ),
        (
            'django.db.utils.OperationalError: connection to server at "127.0.0.1" failed: connection refused',
            "the database does not answer",
        ),
        ("/bin/sh: 1: npm: not found", "the program 'npm' is not there"),
    ],
)
def test_well_known_last_words_get_a_cause_and_a_remedy(output: str, cause: str) -> None:
    known = diagnose(f"some lines before\n{output}\n")
    assert known is not None
    assert known.cause.startswith(cause)
    assert known.remedy


def test_unknown_words_get_none() -> None:
    assert diagnose("FAILED (failures=1)") is None


def test_names_with_braces_do_no_harm() -> None:
    known = diagnose("ModuleNotFoundError: No module named '{0}{x}'")
    assert known is not None
    assert "{0}{x}" in known.cause
