"""Read typed settings from environment variables; errors name the variable and the remedy."""

import re
from collections.abc import Mapping
from typing import Any, NoReturn

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

FLAGS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}
RATE = re.compile(r"[1-9]\d*/(s|sec|second|m|min|minute|h|hour|d|day)")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
CONNECT_TIMEOUT_SECONDS = 5
POSTGRESQL = "django.db.backends.postgresql"


class Environment:
    """Environment variables by name; an empty variable counts as not set."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str, default: str | None = None, *, remedy: str = "") -> str:
        """Return the value unchanged; without a default the variable is required."""
        value = self._get(name) or default
        if value is None:
            self._refuse(name, "is not set", remedy)
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean."""
        value = self._get(name)
        if not value:
            return default
        if value.lower() not in FLAGS:
            self._refuse(name, f"is {value!r}", "use 1 or 0, true or false, yes or no, on or off")
        return FLAGS[value.lower()]

    def number(self, name: str, default: int) -> int:
        """Return a non-negative integer."""
        value = self._get(name)
        if not value:
            return default
        if not re.fullmatch(r"[0-9]+", value):
            self._refuse(name, f"is {value!r}", "use a whole number, zero or more")
        return int(value)

    def words(self, name: str) -> list[str]:
        """Return the items of a comma-separated list."""
        return [word.strip() for word in self._get(name).split(",") if word.strip()]

    def rate(self, name: str, default: str) -> str | None:
        """Return a throttle rate for REST framework, or None if throttling is off."""
        value = (self._get(name) or default).lower()
        if value == "off":
            return None
        if not RATE.fullmatch(value):
            self._refuse(name, f"is {value!r}", "use a rate such as 60/min or 1000/day, or off")
        return value

    def log_level(self, name: str, default: str) -> str:
        """Return the name of a log level in upper case."""
        value = (self._get(name) or default).upper()
        if value not in LOG_LEVELS:
            self._refuse(name, f"is {value!r}", f"use one of {', '.join(LOG_LEVELS)}")
        return value

    def database(self, name: str, *, test_prefix: str) -> dict[str, Any]:
        """Return Django's database configuration for a URL."""
        remedy = (
            "use a URL such as postgres://user:password@localhost:5432/superheroes,"
            " or sqlite:///superheroes.sqlite3 on a laptop"
        )
        url = self.text(name, remedy=remedy)
        try:
            config: dict[str, Any] = dict(
                dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True)
            )
        except ValueError:
            # Show neither the URL nor the parser's message: both may contain the password.
            self._refuse(name, "cannot be read as the URL of a database", remedy)
        if not config["NAME"]:
            self._refuse(name, "names no database", remedy)
        if config["ENGINE"] == POSTGRESQL:
            config["TEST"] = {"NAME": test_prefix + config["NAME"]}
            options = config.setdefault("OPTIONS", {})
            options.setdefault("connect_timeout", CONNECT_TIMEOUT_SECONDS)
        return config

    def _get(self, name: str) -> str:
        return self._variables.get(name, "").strip()

    @staticmethod
    def _refuse(name: str, problem: str, remedy: str) -> NoReturn:
        raise ImproperlyConfigured(f"environment variable {name} {problem}: {remedy}")
