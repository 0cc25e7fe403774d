"""How the settings define a database, usually the default one: by URL, by separate variables, or in the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TypeVar

from heroci_action.detection.facts import Vendor
from heroci_action.detection.servers.database_record import ROLES, Database
from heroci_action.detection.servers.own_conditions import excludes
from heroci_action.detection.sources.dictionaries import Resolver
from heroci_action.detection.sources.environment_reads import (
    Read,
    conditions_in,
    is_false,
    parse_expression,
    parts_of_url,
    plain,
    text_of,
)
from heroci_action.detection.sources.json_entries import read_entry
from heroci_action.detection.sources.source import SettingsSource
from heroci_action.detection.sources.statements import Statement

DEFAULT = "default"
"""The alias of the database that Django uses unless another one is named."""
Value = TypeVar("Value")
_KEYS = frozenset({*ROLES, "ENGINE"})
# Conditions for a run of the project's own CI, or for a second database.
_ELSEWHERE = re.compile(r"VCAP_|GITHUB_|TRAVIS|CIRCLECI|\bGITLAB|\bCI\b|READ_REPLICA|REPLICA")
# `'test' in sys.argv`
_TESTING = re.compile(
    r"""^(?!not ).*(['"]test['"] in sys\.argv|\bTESTING\b|\bTEST\b|PYTEST|['"]pytest['"] in)"""
)
# `DATABASE_URL`
_URL_VARIABLE = re.compile(r"(DATABASE|DB|POSTGRES\w*|PG|MYSQL\w*)_?UR[LI]$")
# `postgres://db/shop`
_URL = re.compile(r"\w+://")
# Attributes of what `urllib.parse.urlparse` returns.
_URL_PARTS = frozenset({"hostname", "netloc", "password", "path", "port", "scheme", "username"})


def find_databases(
    source: SettingsSource, value_of: Callable[[str], str | None], alias: str = DEFAULT
) -> list[Database]:
    """Return every way in which the settings define a database, in the order of the code.

    `value_of` returns the value of an environment variable, if the project's CI sets it.
    """
    reader = _Reader(source, Resolver(source, value_of), alias)
    for statement in source.assigned("DATABASES"):
        tests = [_with_service(test, source) for test in statement.tests]
        if not any(_is_elsewhere(test, value_of) for test in tests):
            reader.read(statement)
    if not reader.ways and alias == DEFAULT and "DATABASES" in source.functions:
        # A property of a class of django-configurations.
        call = ast.Call(func=ast.Name(id="DATABASES"), args=[], keywords=[])
        node = ast.Assign(targets=[ast.Name(id="DATABASES")], value=call)
        reader.read(Statement(node=node, file=source.file, conditional=False))
    return reader.ways


def find_further_aliases(source: SettingsSource) -> tuple[str, ...]:
    """Return the names of the databases other than the default one."""
    resolver = Resolver(source, lambda _: None)
    found: dict[str, None] = {}
    for node in (statement.node for statement in source.assigned("DATABASES")):
        match node:
            case ast.Assign(targets=[ast.Subscript(slice=key), *_]):
                found |= dict.fromkeys(filter(None, [source.plain(key)]))
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                found |= dict.fromkeys(resolver.entries(value) or {})
    return tuple(alias for alias in found if alias != DEFAULT and alias not in _KEYS)


def _with_service(test: str, source: SettingsSource) -> str:
    """Return a condition with the variable of Cloud Foundry in place of a service: `if env.get_service(name="db")`."""
    named = source.names.get(test)
    text = ast.unparse(named) if named else test
    return "VCAP_SERVICES" if re.match(r"(?!not )[^(]*\.get_service\(", text) else test


def _is_elsewhere(test: str, value_of: Callable[[str], str | None]) -> bool:
    """Return whether a condition holds only in another run; a variable that the CI's file sets is known here."""
    is_set = any(value_of(name) is not None for name in re.findall(r"\w+", test))
    return bool(_ELSEWHERE.search(test)) and not is_set and not test.startswith("not ")


@dataclass
class _Reader:
    source: SettingsSource
    resolver: Resolver
    alias: str
    ways: list[Database] = field(default_factory=list)

    def read(self, statement: Statement) -> None:
        match statement.node:
            case ast.Expr(value=ast.Call() as call):
                self._update(call, statement)
            case (
                ast.Assign(targets=[target, *_], value=value)
                | ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.AugAssign(target=target, value=value)
            ):
                self._assign(self._keys(target), value, statement)

    def _keys(self, target: ast.expr) -> list[str | None]:
        """Return the keys of an item, also if a constant names the key: `DATABASES[REPLICA]`."""
        keys: list[str | None] = []
        while isinstance(target, ast.Subscript):
            keys.insert(0, self.source.plain(target.slice))
            target = target.value
        return keys

    def _assign(self, keys: list[str | None], value: ast.expr, statement: Statement) -> None:
        """Read `DATABASES = …`, `DATABASES["default"] = …` and `DATABASES["default"]["HOST"] = …`."""
        way: Database | None = None
        match keys:
            case []:
                way = self._way(self._default(value), statement)
            case [alias] if self._is_own(alias):
                way = self._way(self._value_at(value, statement), statement)
                if way and _extends_itself(value):
                    self._extend(way)
                    return
            case [alias, str(key), *_] if self._is_own(alias) and key in _KEYS:
                # A change of the value itself, such as HOST.replace("%3a", ":"), comes from the same place.
                is_off = self._is_off(statement) or self._is_for_another(statement)
                if not (is_off or _extends_itself(value)):
                    self._change(key, value, self._switches(statement))
        self.ways += [way] if way else []

    def _is_own(self, alias: str | None) -> bool:
        """Return whether a key of DATABASES is the database's; an unknown one may be the default's."""
        return alias == self.alias or (alias is None and self.alias == DEFAULT)

    def _change(self, key: str, value: ast.expr, switches: Mapping[str, str]) -> None:
        """Change a key of the last way that the variables of a condition may select, too."""
        for index in reversed(range(len(self.ways))):
            way = self.ways[index]
            if all(way.switches.get(name, wanted) == wanted for name, wanted in switches.items()):
                self.ways[index] = self._with_key(way, key, value)
                return

    def _is_off(self, statement: Statement) -> bool:
        """Return whether a condition on a variable does not hold: `if os.getenv("DEVELOPMENT")`, which is not set."""
        wanted = (
            node for test in statement.tests for node in _required_truths(parse_expression(test))
        )
        read = (next(iter(self.source.reads_in(node)), None) for node in wanted)
        return any(
            is_false(self.resolver.value_of(each.name) or each.default or "")
            for each in read
            if each is not None
        )

    def _is_for_another(self, statement: Statement) -> bool:
        """Return whether a condition on the engine of the database does not hold."""
        tests = map(parse_expression, statement.tests if self.ways else ())
        return any(excludes(test, self.ways[-1], self.resolver.value_of) for test in tests)

    def _update(self, call: ast.Call, statement: Statement) -> None:
        """Read `DATABASES["default"].update(…)`."""
        argument: ast.expr = ast.Call(func=ast.Name(id="dict"), args=[], keywords=call.keywords)
        argument = next(iter(call.args), argument)
        changed = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        keys = self._keys(changed)
        if keys and not self._is_own(keys[0]):
            return
        argument = self._value_at(argument, statement)
        way = self._way(argument if keys else self._default(argument), statement)
        if way is not None and way.is_understood:
            self._extend(way)

    def _extend(self, way: Database) -> None:
        """Add the keys of a way to the last one, which stays beside it if the change depends on a variable."""
        changed = _updated(self.ways[-1], way) if self.ways else way
        if self.ways and way.switches:
            self.ways.append(replace(changed, conditional=True, switches=way.switches))
        else:
            self.ways[-1:] = [changed]

    def _value_at(self, value: ast.expr, statement: Statement) -> ast.expr:
        """Return the last value of a name before a statement: several databases may use the same name."""
        if not isinstance(value, ast.Name):
            return value
        found: ast.expr = value
        for earlier in takewhile(lambda each: each is not statement, self.source.statements):
            match earlier.node:
                case ast.Assign(targets=[ast.Name(id=value.id)], value=new):
                    found = new
        return found

    def _default(self, value: ast.expr) -> ast.expr | None:
        """Return the database in a dictionary of databases; the default one may be its only one, or be unknown."""
        entries = self.resolver.entries(value)
        if self.alias != DEFAULT:
            return (entries or {}).get(self.alias)
        if entries is None:
            return value
        return entries.get(DEFAULT) or next(iter(entries.values()), None)

    def _way(self, node: ast.expr | None, statement: Statement) -> Database | None:
        if node is None:
            return None
        conditional = statement.conditional and not any(map(_TESTING.search, statement.tests))
        switches = self._switches(statement)
        empty = Database(file=statement.file, conditional=conditional, switches=switches)
        entries = self.resolver.entries(node) or {}
        # The whole database may be a URL, or the dictionary unpacks one: {**env.db(), "ENGINE": "prometheus"}.
        whole = _KEYS.isdisjoint(entries)
        parts = [node] if whole else self.resolver.unpacked(node)
        urls = [self._by_url(empty, self.resolver.resolve(part) or part) for part in parts]
        way = next(filter(None, urls), None if whole else empty)
        for key, value in entries.items():
            way = self._with_key(way or empty, key, value) if key in _KEYS else way
        if way is None:
            return None
        options = self.resolver.entries(entries.get("OPTIONS")) or {}
        service = self.source.plain(options.get("service")) or ""
        switches = {**self.resolver.selected, **way.switches}
        return _without_own_switches(replace(way, switches=switches, service=service))

    def _by_url(self, empty: Database, node: ast.expr) -> Database | None:
        found = self.source.reads_in(node)
        named = (read for read in found if _URL_VARIABLE.search(read.name))
        url = next((read for read in found if read.url == "database"), None) or next(named, None)
        literal = self._url_in(node)
        if url is not None:
            default = url.default if url.default is not None else literal
            return replace(empty, url=replace(url, default=default, url="database"))
        return replace(empty, literals=parts_of_url(literal)) if literal else None

    def _url_in(self, node: ast.expr) -> str | None:
        """Return a URL in the code: `dj_database_url.parse("sqlite:///db.sqlite3")`."""
        texts = (self.source.plain(inner) or "" for inner in ast.walk(node))
        return next((text for text in texts if _URL.match(text)), None)

    def _with_key(self, way: Database, key: str, value: ast.expr) -> Database:
        """Return the database with a key changed; everything else is kept."""
        value = self.resolver.resolve(value) or value
        if entry := read_entry(value, self.resolver):
            return replace(
                way,
                variables=_with_value(way.variables, key, entry),
                literals=_with_value(way.literals, key, None),
                unread=way.unread - {key},
            )
        reads = map(self.source.reads_in, conditions_in(value))
        conditions = {read.name for found in reads for read in found}
        found = [read for read in self.source.reads_in(value) if read.name not in conditions]
        if found and _is_url_part(value, found[0]):
            return replace(way, url=replace(found[0], url="database"))
        literal = self.source.plain(value)
        if literal is None and not found:
            literal = _default_of_lookup(key, value)
        is_read = bool(found) or literal is not None or _is_nothing(value)
        return replace(
            way,
            variables=_with_value(way.variables, key, next(iter(found), None)),
            literals=_with_value(way.literals, key, literal),
            unread=way.unread - {key} if is_read else way.unread | {key},
        )

    def _switches(self, statement: Statement) -> dict[str, str]:
        """Return the values that variables must have: `if os.getenv("DB") == "postgres"` needs DB=postgres."""
        found: dict[str, str] = {}
        for test in statement.tests:
            for node, value in _required_values(parse_expression(test)):
                read = next(iter(self.source.reads_in(node)), None)
                if read is not None:
                    found[read.name] = value
            for node in _required_truths(parse_expression(test)):
                read = next(iter(self.source.reads_in(node)), None)
                if read is not None and (truth := self._truth(read)):
                    found.setdefault(read.name, truth)
        return found

    def _truth(self, read: Read) -> str | None:
        """Return a true value for a variable: its own, or any if that would be false."""
        given = self.resolver.value_of(read.name)
        if given and not is_false(given):
            return given
        usual = read.default if given is None else given
        return "1" if usual is not None and is_false(usual) else None


def _with_value(table: Mapping[str, Value], key: str, value: Value | None) -> dict[str, Value]:
    """Return a table with another value for a key, or without the key."""
    others = {name: kept for name, kept in table.items() if name != key}
    return others if value is None else {**others, key: value}


def _without_own_switches(way: Database) -> Database:
    """Return a database without conditions on the variables that it reads itself."""
    own = way.read_names
    return replace(way, switches={n: value for n, value in way.switches.items() if n not in own})


def _default_of_lookup(key: str, value: ast.expr) -> str | None:
    """Return the default of a lookup such as `SECRETS.get("db_user", "django")`.

    In `config.get("database", "user")` the second argument names an option of a section.
    """
    if not isinstance(value, ast.Call) or len(value.args) < 2:  # noqa: PLR2004
        return None
    default = plain(value.args[1])
    return None if default in {key.lower(), ROLES.get(key), "backend", "username"} else default


def _is_nothing(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _is_url_part(value: ast.expr, read: Read) -> bool:
    """Return whether a value is a part of a variable's URL, such as `urlparse(os.environ["DATABASE_URL"]).hostname`."""
    attributes = (node.attr for node in ast.walk(value) if isinstance(node, ast.Attribute))
    return bool(_URL_VARIABLE.search(read.name)) and not _URL_PARTS.isdisjoint(attributes)


def _extends_itself(value: ast.expr) -> bool:
    """Return whether a database is made of the one before: `{**DATABASES["default"], "ENGINE": "prometheus"}`."""
    inner = (node.value for node in ast.walk(value) if isinstance(node, ast.Subscript))
    return any(isinstance(node, ast.Name) and node.id == "DATABASES" for node in inner)


def _required_values(test: ast.expr | None) -> Iterator[tuple[ast.expr, str]]:
    """Yield the expressions that a condition compares, each with the value that makes it true."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            for value in values:
                yield from _required_values(value)
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            if (text := text_of(right)) is not None:
                yield _lowered(left), text
        case ast.Compare(
            left=left, ops=[ast.In()], comparators=[ast.Tuple(elts=items) | ast.List(elts=items)]
        ):
            if items and (text := text_of(items[0])) is not None:
                yield _lowered(left), text


def _required_truths(test: ast.expr | None) -> Iterator[ast.expr]:
    """Yield the expressions without a comparison that must be true."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            for value in values:
                yield from _required_truths(value)
        case ast.Call(func=ast.Name(id="bool" | "int"), args=[value]):
            yield from _required_truths(value)
        case ast.Name() | ast.Call() | ast.Subscript():
            yield test


def _lowered(node: ast.expr) -> ast.expr:
    """Return `x` for `x.lower()`."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr="lower" | "strip"), args=[]):
            return value
    return node


def _updated(below: Database, above: Database) -> Database:
    """Return a database after `.update(…)`; if the URL has no default, the vendor below remains without it."""
    if above.url is None:
        new = {*above.variables, *above.literals}
        variables = {key: read for key, read in below.variables.items() if key not in new}
        literals = {key: text for key, text in below.literals.items() if key not in new}
        return replace(
            below,
            variables={**variables, **above.variables},
            literals={**literals, **above.literals},
            unread=below.unread - {*above.variables, *above.literals} | above.unread,
        )
    if above.url.default or below.vendor is Vendor.UNKNOWN:
        return above
    return replace(above, url=replace(above.url, default=f"{below.vendor.value}://"))
