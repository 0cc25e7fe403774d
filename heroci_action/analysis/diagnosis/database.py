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
        pattern=r"Error -?\d+ connecting to (\S+:\d+)\. ",
        example="redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.",
        cause="the settings require Redis at {0}, but no server responds there",
        remedy='set `services = {{ redis = "7" }}`, and map the Redis variable to `{{redis.url}}` in `env`',
    ),
    Sign(
        pattern=r"Unknown MySQL server host '([^']+)'",
        example="OperationalError: (2005, \"Unknown MySQL server host 'db' (-2)\")",
        cause="the settings use the database host {0!r}, which cannot be resolved",
        remedy="map the variable that contains the host to `{{mysql.host}}` in `env`",
    ),
    Sign(
        pattern=r"Can't connect to (?:local )?(?:MySQL |MariaDB )?server",
        example="OperationalError: (2002, \"Can't connect to local MySQL server through socket '/run/x.sock'\")",
        cause="the database does not respond at the address in the settings",
        remedy=_MAP_VARIABLE.replace("postgres", "mysql") % "host",
    ),
    Sign(
        pattern=r"permission denied to create (database|extension[^\n]*)",
        example="ProgrammingError: permission denied to create database",
        cause="the database user of the settings may not create the {0}",
        remedy=_MAP_VARIABLE % "user",
    ),
    Sign(
        pattern=r"(?:kombu\.exceptions\.OperationalError|AMQPConnectionError)",
        example="kombu.exceptions.OperationalError: [Errno 111] Connection refused",
        cause="the settings require a message broker, but none responds at their address",
        remedy="set `CELERY_TASK_ALWAYS_EAGER` in the test settings, or declare the broker in `services`",
    ),
    Sign(
        pattern=r"ServerSelectionTimeoutError: ([^\s,]+)",
        example="pymongo.errors.ServerSelectionTimeoutError: localhost:27017: [Errno 111] Connection refused",
        cause="the settings require MongoDB at {0}, but no server responds there",
        remedy='declare it in `services`: `mongo = {{ image = "mongo:8", port = 27017 }}`',
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
    # Any other server; the known ones come first.
    Sign(
        pattern=r"ConnectionRefusedError: \[Errno \d+\] Connection refused",
        example="ConnectionRefusedError: [Errno 111] Connection refused",
        cause="a server to which the project connects does not respond",
        remedy="declare it in `services`, and map the variable that contains its address in `env`",
    ),
)
