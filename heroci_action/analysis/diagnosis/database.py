"""Signs of failures to reach or use databases and other services."""

from __future__ import annotations

from heroci_action.analysis.diagnosis.sign import Sign

_MAP_VARIABLE = (
    'let the settings read DATABASE_URL, or map `env = {{ ... = "{{postgres.%s}}" }}` '
    "to the variables that they read"
)

SIGNS = (
    Sign(
        pattern=r'extension "([^"]+)" is not available',
        example='django.db.utils.NotSupportedError: extension "vector" is not available',
        cause="the PostgreSQL installation in use does not include the extension {0!r}",
        remedy="install Debian's `postgresql` for PostgreSQL's own extensions (uuid-ossp, pgcrypto, citext, hstore); "
        "set `services.postgres.image` for others (vector, postgis, timescaledb)",
    ),
    Sign(
        pattern=r"ICU is not supported in this build",
        example="django.db.utils.NotSupportedError: ICU is not supported in this build",
        cause="the PostgreSQL installation in use has no ICU collations, which a migration requires",
        remedy="install Debian's `postgresql` and name its version in `services.postgres`, or use `--engine dagger`",
    ),
    Sign(
        pattern=r"""(?:failed to resolve host '([^']+)'|could not translate host name "([^"]+)")""",
        example='OperationalError: could not translate host name "db" to address: Name or service not known',
        cause="the settings use the database host '{0}{1}', which cannot be resolved",
        remedy="map the variable that contains the host to `{{postgres.host}}` in `env`",
    ),
    Sign(
        pattern=r"Error (?:-?\d+) connecting to \S+:6379\. Connection refused",
        example="redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.",
        cause="the settings require Redis, but no Redis server was started",
        remedy='set `services = {{ redis = "7" }}`, and map the Redis variable to `{{redis.url}}` in `env`',
    ),
    Sign(
        pattern=r"unable to open database file",
        example="django.db.utils.OperationalError: unable to open database file",
        cause="the directory of the SQLite database does not exist",
        remedy="create the directory in `tests.before`: `mkdir -p ...`",
    ),
    Sign(
        pattern=r"(?i)(?:OperationalError|connection to server)\b.*"
        r"(?:connection refused|could not connect|timeout expired)",
        example='django.db.utils.OperationalError: connection to server at "127.0.0.1" failed: connection refused',
        cause="the database does not respond at the address in the settings",
        remedy=_MAP_VARIABLE % "host",
    ),
    Sign(
        pattern=r"OperationalError: .*(?:password authentication failed|role \"([^\"]+)\" does not exist)",
        example='OperationalError: connection failed: FATAL: password authentication failed for user "shop"',
        cause="the database rejects the user in the settings",
        remedy=_MAP_VARIABLE % "user",
    ),
)
