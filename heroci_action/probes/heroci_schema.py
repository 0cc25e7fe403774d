"""The state that decides what migrations produce, and the file in which the step `migrate` describes its database.

Shared by heroci_migrate.py, which migrates a database and keeps a copy, and heroci_template.py, which creates test
databases from the copy if the state is the same.
"""

# This runs in the process under test, where pathlib would only cost time:
# ruff: noqa: PTH123
# Django's modules can be imported only when its settings are known:
# ruff: noqa: PLC0415

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import weakref
from typing import Any, Dict, List, Optional

ALIAS = "default"
"""`manage.py migrate` migrates this database only."""
SET_BY_TESTS = ("ALLOWED_HOSTS", "DEBUG", "EMAIL_BACKEND", "MAILERS")
"""Settings that Django's and pytest's runners change; heroci_migrate.py watches whether migrations read them."""

SCHEMA = (
    "AUTH_USER_MODEL",
    "DATABASE_ROUTERS",
    "DEFAULT_AUTO_FIELD",
    "DEFAULT_INDEX_TABLESPACE",
    "DEFAULT_TABLESPACE",
    "INSTALLED_APPS",
    "LANGUAGES",
    "LANGUAGE_CODE",
    "LOCALE_PATHS",
    "MIGRATION_MODULES",
    "TIME_ZONE",
    "USE_I18N",
    "USE_TZ",
)
"""Settings that Django itself builds the schema and the contents with."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def read() -> Optional[Dict[str, Any]]:
    """Return what the step `migrate` recorded, None if it recorded nothing."""
    try:
        with open(os.environ["HEROCI_SCHEMA"], encoding="utf-8") as file:
            found: Dict[str, Any] = json.load(file)
            return found
    except (KeyError, OSError, ValueError):
        return None


def write(description: Dict[str, Any]) -> None:
    """Replace the record of the step `migrate`."""
    with open(os.environ["HEROCI_SCHEMA"], "w", encoding="utf-8") as file:
        json.dump(description, file)


def describe_state(salt: str) -> Dict[str, str]:
    """Return a digest of every setting, and of how each database is connected to.

    Names of databases are left out: a test database has another one. `salt` keeps secrets from being guessed.
    """
    from django.conf import settings
    from django.db import connections

    state = {
        name: getattr(settings, name)
        for name in dir(settings)
        if name.isupper() and name != "DATABASES" and name not in SET_BY_TESTS
    }
    # The tests' runner has changed it since the modules were imported.
    module = sys.modules.get(str(getattr(settings, "SETTINGS_MODULE", None)))
    state["DEBUG"] = getattr(module, "DEBUG", None)
    for alias in connections:
        options = dict(connections[alias].settings_dict)
        state["DATABASES[{!r}]".format(alias)] = {
            key: value for key, value in options.items() if key not in ("NAME", "TEST")
        }
    return {name: _digest(value, salt) for name, value in state.items()}


def differences(found: Dict[str, Any], state: Dict[str, str]) -> List[str]:
    """Return the names of the settings that differ from the settings of the step `migrate`, and that may matter."""
    before = found["state"]
    changed = sorted(name for name in {*before, *state} if before.get(name) != state.get(name))
    if found["strict"]:
        return changed
    matters = {*SCHEMA, *found["read"]}
    return [name for name in changed if name in matters or name.startswith("DATABASES[")]


def module_of(receiver: Any) -> str:
    """Return the module of a receiver of a signal, empty for Django's own and for deleted receivers."""
    function = receiver() if isinstance(receiver, weakref.ReferenceType) else receiver
    module = str(getattr(function, "__module__", ""))
    return "" if function is None or module.startswith("django.") else module


def _digest(value: Any, salt: str) -> str:
    text = salt + _canonical(value)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _canonical(value: Any) -> str:
    """Return a text that is equal in two processes if the values are: sets have no order, addresses differ."""
    if isinstance(value, dict):
        items = ("{}: {}".format(*map(_canonical, item)) for item in value.items())
        return "{}{{{}}}".format(type(value).__name__, ", ".join(sorted(items)))
    if isinstance(value, (set, frozenset)):
        return "{{{}}}".format(", ".join(sorted(map(_canonical, value))))
    if isinstance(value, (list, tuple)):
        return "{}({})".format(type(value).__name__, ", ".join(map(_canonical, value)))
    return _ADDRESS.sub("", repr(value))
