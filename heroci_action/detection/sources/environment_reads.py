"""Find the environment variables that a settings module reads, without importing it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

COMPUTED = "…"
"""The computed part of a text: `config.settings.…`."""
# `DATABASE_URL`
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Methods that return a server: of django-environ, environs, and by analogy.
_SERVER_METHODS = {
    **dict.fromkeys(("db", "db_url", "dj_db_url", "database"), "database"),
    **dict.fromkeys(("cache", "cache_url", "dj_cache_url"), "cache"),
}
_SERVER_VALUES = {"DatabaseURLValue": "database", "CacheURLValue": "cache"}
_DATABASE_OPTIONS = frozenset({"conn_max_age", "ssl_require", "conn_health_checks"})
_ENVIRONS = frozenset({"os.environ", "environ", "env", "ENV", "os.environb"})
GETTERS = frozenset({"os.environ.get", "environ.get", "os.getenv", "getenv"})
_OBJECTS = frozenset({"env", "ENV", "environ_env", "Env", "ENVIRONMENT", "config"})
_CASTS = frozenset(
    {"str", "int", "bool", "float", "list", "tuple", "dict", "json", "Path", "Csv", "bytes"}
)
# The methods of django-environ and environs: without a default they raise for a missing variable.
_STRICT_METHODS = frozenset(
    {
        "", "str", "unicode", "bytes", "bool", "int", "float", "decimal", "json", "list", "tuple", "dict", "url",
        "path", "email_url", "email", "search_url", "channels_url", "channels", "date", "datetime", "timedelta", "uuid",
        "enum", "get_value",
    }
)  # fmt: skip
# Helper functions of a project, such as `get_env_variable("X")` or `envint("X", "0")`.
_READER = re.compile(
    r"(get_?)?(env|environ|config|secret|setting)s?_?\w*|\w+_env|getenv", re.IGNORECASE
)
# `env`, `require_env_var`
_STRICT = re.compile(r"env|config|get_env\w*|require_?env\w*|getenv_required", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A read of an environment variable.

    `default` is None if there is none or if it is not a constant; `has_default` is true for any default. `url` is
    "database" or "cache" if the value is a URL. If it is an object in JSON, `entry` contains the keys that lead to what
    is read.
    """

    name: str
    default: str | None = None
    required: bool = False
    has_default: bool = False
    url: str | None = None
    cast: str | None = None
    entry: tuple[str, ...] = ()

    def made_optional(self, default: str | None) -> Read:
        """Return the read with a default that the expression itself does not show; its own default wins."""
        known = default if self.default is None else self.default
        return replace(self, required=False, has_default=True, default=known)

    def with_declared(self, defaults: Mapping[str, str | None]) -> Read:
        """Return the read with its default among the `defaults` that are declared elsewhere, if there is one."""
        return self.made_optional(defaults[self.name]) if self.name in defaults else self


def reads(node: ast.AST) -> Iterator[Read]:
    """Find every read below `node`, in the order of the code."""
    for inner in ast.walk(node):
        read = read_of(inner)
        if read is not None and _NAME.fullmatch(read.name):
            yield read


def read_of(node: ast.AST) -> Read | None:
    """Return the read that an expression itself is."""
    match node:
        case ast.Subscript(value=owner, slice=key, ctx=ast.Load()) if is_environ(owner):
            name = text_of(key)
            return Read(name=name, required=True) if name else None
        case ast.Compare(left=key, comparators=[owner]) if is_environ(owner):
            name = text_of(key)
            return Read(name=name) if name else None
        case ast.Call():
            call = _Call.of(node)
            forms = (
                _value_object,
                _dj_database_url,
                _server_method,
                _cloud_foundry,
                _getenv,
                _helper,
            )
            return next(filter(None, (read(call) for read in forms)), None)
    return None


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of `function`, an attribute of `owner` if that is not empty."""

    node: ast.Call
    owner: str
    function: str

    @classmethod
    def of(cls, node: ast.Call) -> _Call:
        match node.func:
            case ast.Attribute(value=owner, attr=name):
                return cls(node, ast.unparse(owner), name)
            case ast.Name(id="env" | "ENV"):
                return cls(node, "env", "")
            case ast.Name(id=name):
                return cls(node, "", name)
        return cls(node, "", "")

    def keyword(self, name: str) -> ast.expr | None:
        return next((word.value for word in self.node.keywords if word.arg == name), None)

    def flag(self, name: str) -> bool | None:
        """Return the value of a keyword that is True or False in the code."""
        match self.keyword(name):
            case ast.Constant(value=bool(value)):
                return value
        return None

    @property
    def helper(self) -> str:
        """The name of the function that is called, if it is no attribute."""
        return getattr(self.node.func, "id", "")

    @property
    def name(self) -> str | None:
        """The first argument, which names the variable."""
        return text_of(next(iter(self.node.args), None) or self.keyword("name"))

    @property
    def defaults(self) -> list[ast.expr]:
        """The candidates for the default: the keyword argument, else the arguments after the name, without types."""
        if default := self.keyword("default"):
            return [default]
        return [node for node in self.node.args[1:] if getattr(node, "id", "") not in _CASTS]

    def default(self, index: int = 0) -> str | None:
        """Return the default if it is a constant, or a read with a constant default: `config("NAME", default="…")`."""
        node = next(iter(self.defaults[index:]), None)
        return _Call.of(node).default() if isinstance(node, ast.Call) else plain(node)

    @property
    def is_method(self) -> bool:
        """Whether an object such as `env` of django-environ is called."""
        return self.owner in _OBJECTS


def _value_object(call: _Call) -> Read | None:
    """Read a value of django-configurations: `values.Value("x", environ_name="NAME", environ_prefix=None)`.

    https://django-configurations.readthedocs.io/en/stable/values/
    """
    if call.owner != "configurations.values" or call.flag("environ") is False:
        return None
    kind = _SERVER_VALUES.get(call.function)
    name = text_of(call.keyword("environ_name")) or (f"{kind}_url".upper() if kind else None)
    if name is None:
        return None
    default = call.keyword("default") or next(iter(call.node.args), None)
    return Read(
        name=f"{_prefix(call)}{name}",
        default=plain(default),
        has_default=default is not None,
        required=call.function == "SecretValue" or call.flag("environ_required") is True,
        url=kind,
    )


def _prefix(call: _Call) -> str:
    """Return the prefix of the variable; by default only a URL has none."""
    given = call.keyword("environ_prefix")
    usual = "" if call.function in _SERVER_VALUES else "DJANGO"
    text = usual if given is None else text_of(given)
    return f"{text.rstrip('_')}_" if text else ""


def _dj_database_url(call: _Call) -> Read | None:
    named = any(word.arg in _DATABASE_OPTIONS for word in call.node.keywords)
    if call.function != "config" or not (named or call.owner == "dj_database_url"):
        return None
    name = text_of(call.keyword("env")) or call.name or "DATABASE_URL"
    skipped = 0 if call.keyword("default") else 1
    return Read(name=name, default=call.default(skipped), has_default=True, url="database")


def _server_method(call: _Call) -> Read | None:
    kind = _SERVER_METHODS.get(call.function) if call.is_method else None
    if kind is None:
        return None
    name, given = call.name or f"{kind}_url".upper(), bool(call.defaults)
    return Read(name=name, default=call.default(), required=not given, has_default=given, url=kind)


def _cloud_foundry(call: _Call) -> Read | None:
    """Read `AppEnv()` of cfenv, whose services and credentials are in a variable of the platform."""
    return Read(name="VCAP_SERVICES") if call.function == "AppEnv" else None


def _getenv(call: _Call) -> Read | None:
    of_environ = call.function in {"get", "pop"} and call.owner in _ENVIRONS
    of_cfenv = call.function == "get_credential" and (call.name or "").isupper()
    if call.name is None or not (of_environ or of_cfenv or call.function == "getenv"):
        return None
    given = [node for node in call.defaults if getattr(node, "value", "") is not None]
    return Read(name=call.name, default=call.default(), has_default=bool(given))


def _helper(call: _Call) -> Read | None:
    """Read `env.str("NAME")` or a call of the project's own function."""
    if call.name is None or not call.name.isupper() or not _is_reader(call):
        return None
    given, cast = bool(call.defaults), call.keyword("cast")
    return Read(
        name=call.name,
        default=call.default(),
        required=not given and _is_strict(call),
        has_default=given,
        url="database" if cast is not None and "dj_database_url" in ast.dump(cast) else None,
        cast=_cast(call),
    )


def _is_reader(call: _Call) -> bool:
    """Return whether a function reads the environment: by its name, or as `get_string("NAME", "…")`."""
    if call.function in {"setdefault", "read_env"}:
        return False
    named = _READER.fullmatch(call.function) or (call.function[:4] == "get_" and call.defaults)
    return call.is_method or (not call.owner and bool(named))


def _is_strict(call: _Call) -> bool:
    strict = call.is_method and call.function in _STRICT_METHODS
    return strict or _STRICT.fullmatch(call.function) is not None


def _cast(call: _Call) -> str | None:
    if call.owner and call.function in _CASTS:
        return call.function
    given = call.keyword("cast")
    return given.id if isinstance(given, ast.Name) else None


def is_environ(node: ast.AST) -> bool:
    """Return whether an expression is the environment of the process: `os.environ`."""
    return ast.unparse(node) in _ENVIRONS


def is_false(text: str) -> bool:
    """Return whether settings take the value of a variable for false."""
    return text.lower() in {"", "0", "false", "no", "off", "n", "f", "none"}


def text_of(node: ast.AST | None) -> str | None:
    """Return the text of a string constant, or of several that are put together; None for any other expression."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _together([left, right])
        case ast.JoinedStr(values=values):
            return _together(values)
        case ast.FormattedValue(value=value, format_spec=None):
            return text_of(value)
    return None


def _together(nodes: list[ast.expr]) -> str | None:
    texts = [text for node in nodes if (text := text_of(node)) is not None]
    return "".join(texts) if len(texts) == len(nodes) else None


def plain(node: ast.AST | None) -> str | None:
    """Return a constant as text, with `…` for the fields of an f-string; None for any other expression."""
    if isinstance(node, ast.Constant) and node.value is not None and node.value is not Ellipsis:
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or COMPUTED for part in node.values)
    return None


def parse_expression(text: str) -> ast.expr | None:
    """Return the expression in a text; None if there is none."""
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None


def conditions_in(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the conditions inside an expression: their reads select a value and are no part of it."""
    return (inner.test for inner in ast.walk(node) if isinstance(inner, ast.IfExp))


def parts_of_url(url: str) -> dict[str, str]:
    """Return the keys of a database for a URL in the code."""
    try:
        parts = urlsplit(url)
        found = {
            "ENGINE": parts.scheme,
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "NAME": unquote(parts.path.lstrip("/")),
        }
    except ValueError:
        return {}
    return {key: value for key, value in found.items() if value and COMPUTED not in value}
