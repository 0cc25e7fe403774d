"""Spell out the settings classes of pydantic: `config.debug` becomes the read of the variable that fills the field.

https://docs.pydantic.dev/latest/concepts/pydantic_settings/
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import EllipsisType
from typing import TypeVar

from heroci_action.detection.sources.environment_reads import COMPUTED, text_of
from heroci_action.detection.sources.settings_includes import last_name

_Node = TypeVar("_Node", bound=ast.AST)
_Value = TypeVar("_Value")
_SETTINGS, _MODEL = "BaseSettings", "BaseModel"
_FROM_FILE = ast.Constant(COMPUTED)
_PROPERTIES = frozenset({"property", "cached_property", "computed_field"})
# The types of fields, each with the method of django-environ that reads a value like it.
_METHODS = {
    **{name: name for name in ("bool", "int", "float", "list", "dict")},
    **dict.fromkeys(("PostgresDsn", "MySQLDsn", "MariaDBDsn"), "db"),
    **dict.fromkeys(("AnyUrl", "AnyHttpUrl", "HttpUrl", "RedisDsn"), "url"),
    "Path": "path",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Class:
    """A class whose fields are filled from variables (`is_settings`), or that is the type of such a field."""

    name: str
    is_settings: bool
    fields: Mapping[str, ast.AnnAssign]
    properties: Mapping[str, ast.expr]
    options: Mapping[str, ast.expr]

    @property
    def prefix(self) -> str:
        return text_of(self.options.get("env_prefix")) or ""


@dataclass(slots=True)
class SettingsClasses:
    """The classes that the modules have defined so far, and the names of their objects, each with its class.

    `has_file` returns whether a file for variables is in the repository. Classes that one may fill are `filled`.
    """

    has_file: Callable[[str], bool] = field(default=lambda _: False)
    classes: dict[str, _Class] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    _bases: dict[str, str] = field(default_factory=lambda: {_SETTINGS: _SETTINGS, _MODEL: _MODEL})

    def learn(self, node: ast.stmt, *, conditional: bool = False) -> None:
        """Keep a class, an object, a function that returns an object, or another name of one.

        Of several objects under one name, each with another condition, the first one is kept.
        """
        match node:
            case ast.ClassDef():
                self._learn_class(node)
            case ast.ImportFrom(names=aliases):
                for alias in aliases:
                    self._learn_import(alias.name, alias.asname or alias.name)
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                | ast.FunctionDef(name=name, body=[*_, ast.Return(value=ast.expr() as value)])
            ):
                self._learn_files(value)
                if not (conditional and name in self.objects):
                    self._learn_object(name, value)

    def settle(self, node: _Node) -> _Node:
        """Return code in which each field of an object is the read of its variable."""
        if not self.objects:
            return node
        settled: _Node = _Settle(self).visit(copy.deepcopy(node))
        return settled

    def created_by(self, node: ast.stmt) -> Iterator[ast.stmt]:
        """Yield the reads with which a statement that creates an object begins, as assignments to its fields."""
        for call in ast.walk(node) if self.classes else ():
            if isinstance(call, ast.Call):
                yield from self._reads_of(last_name(call.func) or "", set())

    def _reads_of(self, name: str, done: set[str]) -> Iterator[ast.stmt]:
        """Yield the same for a class and for the classes of its fields that are not `done`."""
        cls = self.classes.get(name)
        if cls is None or not cls.is_settings or name in done:
            return
        done.add(name)
        for own, node in cls.fields.items():
            if value := self._value(cls, [own], cls.prefix):
                yield ast.copy_location(ast.Assign([node.target], value), node)
            else:
                yield from self._reads_of(_type_of(node.annotation), done)

    def field_of(self, node: ast.expr) -> ast.expr | None:
        """Return what fills the field that an expression names: `config.debug`, `get_config().database.host`."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.insert(0, node.attr)
            node = node.value
            if cls := self.classes.get(self._class_of(node)):
                return self._value(cls, attributes, cls.prefix)
        return None

    def _learn_class(self, node: ast.ClassDef) -> None:
        names = [name for base in node.bases if (name := last_name(base))]
        bases = [self.classes[name] for name in reversed(names) if name in self.classes]
        roots = {self._bases[name] for name in names if name in self._bases}
        if bases or roots:
            self.classes[node.name] = _Class(
                name=node.name,
                is_settings=_SETTINGS in roots or any(base.is_settings for base in bases),
                fields=_merged((base.fields for base in bases), _fields(node)),
                properties=_merged((base.properties for base in bases), _properties(node)),
                options=_merged((base.options for base in bases), _options(node)),
            )

    def _learn_import(self, name: str, alias: str) -> None:
        if name in self._bases:
            self._bases[alias] = self._bases[name]
        self._learn_object(alias, ast.Name(id=name))

    def _learn_files(self, value: ast.expr) -> None:
        """Keep that files may fill the fields of an object: of its class, or `Config(_env_file=".env")`."""
        name = self._class_of(value)
        if isinstance(value, ast.Call) and name in self.classes:
            options = self.classes[name].options
            words = {word.arg: word.value for word in value.keywords}
            if self._may_exist(words.get("_env_file", options.get("env_file"))):
                self.filled.add(name)

    def _may_exist(self, files: ast.expr | None) -> bool:
        """Return whether one of the files that an expression names is in the repository, or has an unknown name."""
        match files:
            case None | ast.Constant(value=None):
                return False
            case ast.Constant(value=str(path)):
                return self.has_file(path)
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return any(map(self._may_exist, items))
        return True

    def _learn_object(self, name: str, value: ast.expr) -> None:
        cls = self._class_of(value)
        self.objects.pop(name, None)
        if cls:
            self.objects[name] = cls

    def _class_of(self, node: ast.expr) -> str:
        """Return the class of the object that an expression is: `Config()`, `config`, `module.config`, `config()`."""
        called = isinstance(node, ast.Call)
        name = last_name(node.func if isinstance(node, ast.Call) else node) or ""
        return name if called and name in self.classes else self.objects.get(name, "")

    def _value(self, cls: _Class, attributes: list[str], prefix: str) -> ast.expr | None:
        """Return what fills a field, or a field of the object in it; None if the class has no such field."""
        name, *inner = attributes
        if name in cls.properties and not inner:
            return self._returned(cls, name)
        node = cls.fields.get(name)
        if node is None:
            return None
        nested = self.classes.get(_type_of(node.annotation))
        if nested is not None and inner:
            deeper = f"{prefix}{name}{text_of(cls.options.get('env_nested_delimiter')) or ''}"
            return self._value(nested, inner, nested.prefix if nested.is_settings else deeper)
        filled = _FROM_FILE if cls.name in self.filled else None
        return None if nested or inner else _read(node, f"{prefix}{name}", filled)

    def _returned(self, cls: _Class, name: str) -> ast.expr:
        """Return the result of a property, with the fields spelled out, but no property in it."""
        plain = {key: replace(each, properties={}) for key, each in self.classes.items()}
        inside = SettingsClasses(classes=plain, objects={"self": cls.name}, filled=self.filled)
        return inside.settle(cls.properties[name])


class _Settle(ast.NodeTransformer):
    def __init__(self, known: SettingsClasses) -> None:
        self.known = known

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:  # the protocol of ast
        found = self.known.field_of(node) if isinstance(node.ctx, ast.Load) else None
        return self.generic_visit(node) if found is None else ast.copy_location(found, node)


def _merged(
    inherited: Iterator[Mapping[str, _Value]], own: Iterator[tuple[str, _Value]]
) -> dict[str, _Value]:
    found = {name: value for table in inherited for name, value in table.items()}
    return found | dict(own)


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign]]:
    for each in node.body:
        match each:
            case ast.AnnAssign(target=ast.Name(id=name)) if name != "model_config":
                yield name, each


def _properties(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """Yield the properties of a class, each with the result at its end."""
    for each in node.body:
        match each:
            case ast.FunctionDef(
                name=name,
                decorator_list=decorators,
                body=[*_, ast.Return(value=ast.expr() as value)],
            ) if any(_called_name(decorator) in _PROPERTIES for decorator in decorators):
                yield name, value


def _options(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """Yield the options of a class: its own keywords, and those in `model_config` or `class Config`."""
    yield from _keywords(node.keywords)
    for each in node.body:
        match each:
            case ast.Assign(targets=[ast.Name(id="model_config")], value=value) | ast.AnnAssign(
                target=ast.Name(id="model_config"), value=value
            ):
                yield from _entries(value)
            case ast.ClassDef(name="Config", body=body):
                for inner in body:
                    match inner:
                        case ast.Assign(targets=[ast.Name(id=name)], value=value):
                            yield name, value


def _entries(node: ast.expr | None) -> Iterator[tuple[str, ast.expr]]:
    """Yield the entries of `SettingsConfigDict(env_prefix="SHOP_")` and `{"env_prefix": "SHOP_"}`."""
    match node:
        case ast.Call(keywords=keywords):
            yield from _keywords(keywords)
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                yield text_of(key) or "", value


def _keywords(keywords: list[ast.keyword]) -> Iterator[tuple[str, ast.expr]]:
    return ((word.arg, word.value) for word in keywords if word.arg)


def _called_name(node: ast.expr) -> str | None:
    return last_name(node.func if isinstance(node, ast.Call) else node)


def _type_of(node: ast.expr) -> str:
    """Return the name of a type: `Path` for `Path | None` and `Optional[Path]`, `dict` for `dict[str, str]`."""
    match node:
        case ast.BinOp(left=left, op=ast.BitOr()):
            return _type_of(left)
        case ast.Subscript(value=outer, slice=inner):
            if last_name(outer) not in {"Optional", "Annotated"}:
                return (last_name(outer) or "").lower()
            return _type_of(inner.elts[0] if isinstance(inner, ast.Tuple) else inner)
    return last_name(node) or ""


def _read(node: ast.AnnAssign, name: str, filled: ast.expr | None) -> ast.expr:
    """Return the read of a field in the words of django-environ: `env.int("SHOP_PORT", default=80)`.

    `filled` is the default of fields without a default.
    """
    given = _given(node.value)
    # Names are compared without their case unless the class asks for it; variables are usually in capitals.
    variable = (given.alias or name).upper()
    method = _METHODS.get(_type_of(node.annotation), "str")
    default = given.default or filled
    keywords = [ast.keyword("default", default)] if default else []
    function = ast.Attribute(ast.Name("env", ast.Load()), method, ast.Load())
    call = ast.Call(function, [ast.Constant(variable)], keywords)
    return ast.fix_missing_locations(ast.copy_location(call, node))


@dataclass(frozen=True, slots=True)
class _Given:
    """The text after the `=` of a field."""

    default: ast.expr | None = None
    alias: str = ""


def _given(value: ast.expr | None) -> _Given:
    match value:
        case None | ast.Constant(value=EllipsisType()):
            return _Given()
        case ast.Call(func=function, args=arguments, keywords=keywords) if (
            last_name(function) == "Field"
        ):
            words = {word.arg: word.value for word in keywords}
            aliases = (_alias(words.get(key)) for key in ("validation_alias", "alias", "env"))
            default = next(iter(arguments), None) or words.get("default")
            default = _given(default).default or words.get("default_factory")
            return _Given(default, next(filter(None, aliases), ""))
    return _Given(value)


def _alias(node: ast.expr | None) -> str:
    """Return the first name of `"NAME"` and `AliasChoices("NAME", "OTHER")`."""
    arguments = node.args if isinstance(node, ast.Call) else [node]
    return text_of(next(iter(arguments), None)) or ""
