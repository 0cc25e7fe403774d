"""Find the environment variables that a settings module reads, without importing it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DATABASE_READERS = frozenset(
    {"db", "db_url", "dj_db_url", "database"}
)  # django-environ, environs, and by analogy
_ENVIRONS = frozenset({"os.environ", "environ", "env", "ENV", "os.environb"})
_CACHE_READERS = frozenset({"cache", "cache_url", "dj_cache_url"})
_CASTS = frozenset(
    {"str", "int", "bool", "float", "list", "tuple", "dict", "json", "Path", "Csv", "bytes"}
)
# The methods of django-environ and environs: without a default they raise for a missing variable.
_STRICT_METHODS = frozenset(
    {
        "",
        "str",
        "unicode",
        "bytes",
        "bool",
        "int",
        "float",
        "decimal",
        "json",
        "list",
        "tuple",
        "dict",
        "url",
        "path",
        "email_url",
        "email",
        "search_url",
        "channels_url",
        "channels",
        "date",
        "datetime",
        "timedelta",
        "uuid",
        "enum",
    }
)
# Helper functions of a project, such as `get_env_variable("X")` or `envint("X", "0")`.
_READER = re.compile(
    r"(get_?)?(env|environ|config|secret|setting)s?_?\w*|\w+_env|getenv", re.IGNORECASE
)
_STRICT = re.compile(r"env|config|get_env\w*|require_?env\w*|getenv_required", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A read of an environment variable.

    `default` is None if there is none or if it is not a constant; `has_default` is true for any default. `url` is
    "database" or "cache" if the value is a URL.
    """

    name: str
    default: str | None = None
    required: bool = False
    has_default: bool = False
    url: str | None = None
    cast: str | None = None


def reads(node: ast.AST) -> Iterator[Read]:
    """Find every read below `node`, in the order of the code."""
    setting = _assigned_name(node)
    for inner in ast.walk(node):
        read = read_of(inner, setting)
        if read is not None and _NAME.fullmatch(read.name):
            yield read


def _read(node: ast.AST) -> Read | None:
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and _is_environ(node.value)
    ):
        name = text_of(node.slice)
        return Read(name=name, required=True) if name else None
    if (
        isinstance(node, ast.Compare)
        and len(node.comparators) == 1
        and _is_environ(node.comparators[0])
    ):
        name = text_of(node.left)
        return Read(name=name) if name else None
    return _call(node) if isinstance(node, ast.Call) else None


def read_of(node: ast.AST, setting: str | None = None) -> Read | None:
    """Return the read that an expression itself is; `setting` is the name that its value is assigned to."""
    return _configurations_read(node, setting) or _read(node)


def _assigned_name(node: ast.AST) -> str | None:
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) else None


def _configurations_read(node: ast.AST, setting: str | None) -> Read | None:
    """Read a value of django-configurations: `values.Value("x", environ_name="NAME", environ_prefix=None)`.

    https://django-configurations.readthedocs.io/en/stable/values/
    """
    owner, function = _callee(node.func) if isinstance(node, ast.Call) else ("", "")
    if not isinstance(node, ast.Call) or owner != "configurations.values":
        return None
    kind = {"DatabaseURLValue": "database", "CacheURLValue": "cache"}.get(function)
    name = text_of(_keyword(node, "environ_name")) or (f"{kind}_url".upper() if kind else setting)
    environ = _keyword(node, "environ")
    if name is None or (isinstance(environ, ast.Constant) and environ.value is False):
        return None
    prefix = _keyword(node, "environ_prefix")
    text = text_of(prefix) if prefix is not None else "" if kind else "DJANGO"
    default = _keyword(node, "default") or (node.args[0] if node.args else None)
    required = _keyword(node, "environ_required")
    return Read(
        name=f"{text.rstrip('_')}_{name}" if text else name,
        default=plain(default),
        has_default=default is not None,
        required=function == "SecretValue"
        or (isinstance(required, ast.Constant) and required.value is True),
        url=kind,
    )


def _call(call: ast.Call) -> Read | None:
    owner, function = _callee(call.func)
    first = text_of(call.args[0] if call.args else _keyword(call, "name"))
    if owner == "dj_database_url" or (function == "config" and _names_database(call)):
        if function != "config":
            return None
        name = text_of(_keyword(call, "env")) or first or "DATABASE_URL"
        return Read(name=name, default=_default(call, skip=1), has_default=True, url="database")
    if _is_environ_owner(owner) and function in _DATABASE_READERS | _CACHE_READERS:
        kind = "database" if function in _DATABASE_READERS else "cache"
        return _url(call, first or f"{kind}_url".upper(), kind)
    if first is None:
        return None
    if function == "getenv" or (function in {"get", "pop"} and owner in _ENVIRONS):
        return Read(name=first, default=_default(call), has_default=_has_default(call))
    return _helper(call, owner, function, first)


def _url(call: ast.Call, name: str, kind: str) -> Read:
    given = _has_default(call)
    return Read(name=name, default=_default(call), required=not given, has_default=given, url=kind)


def _helper(call: ast.Call, owner: str, function: str, name: str) -> Read | None:
    # `get_string("SITE_URL", "…")`, with or without names
    named = function.startswith("get_") and _has_default(call)
    known = _is_environ_owner(owner) or (not owner and (named or _READER.fullmatch(function)))
    if not known or not name.isupper() or function in {"setdefault", "read_env"}:
        return None
    strict = (_is_environ_owner(owner) and function in _STRICT_METHODS) or _STRICT.fullmatch(
        function
    )
    url = "database" if _casts_to_database(call) else None
    cast = function if owner and function in _CASTS else _callee_name(_keyword(call, "cast"))
    return Read(
        name=name,
        default=_default(call),
        required=bool(strict) and not _has_default(call),
        has_default=_has_default(call),
        url=url,
        cast=cast or None,
    )


def _names_database(call: ast.Call) -> bool:
    return any(
        keyword.arg in {"conn_max_age", "ssl_require", "conn_health_checks"}
        for keyword in call.keywords
    )


def _casts_to_database(call: ast.Call) -> bool:
    cast = _keyword(call, "cast")
    return cast is not None and "dj_database_url" in ast.dump(cast)


def _is_environ(node: ast.AST) -> bool:
    return ast.unparse(node) in _ENVIRONS


def _is_environ_owner(owner: str) -> bool:
    return owner in {"env", "ENV", "environ_env", "Env", "config"}


def _callee(function: ast.expr) -> tuple[str, str]:
    if isinstance(function, ast.Attribute):
        return ast.unparse(function.value), function.attr
    name = function.id if isinstance(function, ast.Name) else ""
    return ("env", "") if name in {"env", "ENV"} else ("", name)


def _callee_name(node: ast.AST | None) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _positional(call: ast.Call) -> list[ast.expr]:
    return [arg for arg in call.args[1:] if not (isinstance(arg, ast.Name) and arg.id in _CASTS)]


def _has_default(call: ast.Call) -> bool:
    return _keyword(call, "default") is not None or bool(_positional(call))


def _default(call: ast.Call, *, skip: int = 0) -> str | None:
    node = _keyword(call, "default")
    if node is None:
        rest = _positional(call)[skip:] if skip else _positional(call)
        node = rest[0] if rest else None
    if isinstance(node, ast.Call):  # default=config("DATABASE_URL", default="…"), Path("…")
        return _default(node)
    return plain(node)


def is_false(text: str) -> bool:
    """Return whether settings take the value of a variable for false."""
    return text.lower() in {"", "0", "false", "no", "off", "n", "f", "none"}


def text_of(node: ast.AST | None) -> str | None:
    """Return the text of a string constant; None for any other expression."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def plain(node: ast.AST | None) -> str | None:
    """Return a constant as text, with `…` for the fields of an f-string; None for any other expression."""
    if isinstance(node, ast.Constant) and node.value is not None and node.value is not Ellipsis:
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "…" for part in node.values)
    return None


def declared_defaults(module: ast.AST) -> frozenset[str]:
    """Return the names with a default in `environ.Env(DEBUG=(bool, False))`."""
    calls = (node for node in ast.walk(module) if isinstance(node, ast.Call))
    return frozenset(
        keyword.arg
        for call in calls
        if _callee(call.func)[1] in {"Env", "FileAwareEnv"}
        for keyword in call.keywords
        if keyword.arg and isinstance(keyword.value, ast.Tuple)
    )
