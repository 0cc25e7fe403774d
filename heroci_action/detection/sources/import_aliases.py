"""Spell out what settings leave to names: modules under another name, and the variables of django-configurations."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

_SPELLED_OUT = frozenset({"os", "sys", "dj_database_url", "configurations"})
_VALUES = "configurations.values."
# Values of django-configurations whose variable has its own name.
_NAMED = frozenset({"DatabaseURLValue", "CacheURLValue", "EmailURLValue", "SearchURLValue"})


def find_aliases(module: ast.Module) -> dict[str, str]:
    """Return the aliases of known modules and their members that a module's imports define, with the full names."""
    return dict(pair for node in ast.walk(module) for pair in _aliases(node))


def spell_out(module: ast.Module, inherited: Mapping[str, str]) -> ast.Module:
    """Replace aliases of known modules, its own and `inherited` ones: `db_url` becomes `dj_database_url.parse`.

    `PAGE = values.Value("x")` becomes `PAGE = values.Value("x", environ_name="PAGE")`, for uses of PAGE. Names in
    `with env.prefixed("SHOP_")` of environs, and after `env.prefix = "SHOP_"` of django-environ, get the prefix.
    """
    _Spell({**inherited, **find_aliases(module)}).visit(module)  # in place
    return module


def _aliases(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the aliases that an import gives to known modules and their members, with the full names."""
    match node:
        case ast.ImportFrom(module="decouple", names=names):
            # Its functions are recognised by their own names.
            yield from ((alias.asname or alias.name, alias.name) for alias in names)
        case ast.ImportFrom(module=str(module), names=names) if _is_known(module):
            yield from ((alias.asname or alias.name, f"{module}.{alias.name}") for alias in names)
        case ast.Import(names=names):
            known = (alias for alias in names if _is_known(alias.name))
            yield from ((alias.asname, alias.name) for alias in known if alias.asname)


def _is_known(module: str) -> bool:
    return module.partition(".")[0] in _SPELLED_OUT


class _Spell(ast.NodeTransformer):
    def __init__(self, aliases: Mapping[str, str]) -> None:
        self.aliases = aliases
        self.prefixes: dict[str, str] = {}  # by the object that reads the variables

    def visit_With(self, node: ast.With) -> ast.With:  # the protocol of ast
        before = self.prefixes
        for item in node.items:
            match item.context_expr:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=owner), attr="prefixed"),
                    args=[ast.Constant(value=str(prefix))],
                ):
                    whole = self.prefixes.get(owner, "") + prefix
                    self.prefixes = {**self.prefixes, owner: whole}
        self.generic_visit(node)
        self.prefixes = before
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:  # the protocol of ast
        self.generic_visit(node)
        owner = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        prefix = self.prefixes.get(owner.id) if isinstance(owner, ast.Name) else None
        match node.args:
            case [ast.Constant(value=str(name)), *rest] if prefix:
                node.args = [ast.copy_location(ast.Constant(prefix + name), node), *rest]
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:  # the protocol of ast
        dotted = self.aliases.get(node.id)
        if dotted is None or not isinstance(node.ctx, ast.Load):
            return node
        return ast.copy_location(ast.parse(dotted, mode="eval").body, node)

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:  # the protocol of ast
        self.generic_visit(node)
        _name_variable(node.targets[0], node.value)
        match node:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id=owner), attr="prefix")],
                value=ast.Constant(value=str(prefix)),
            ):
                self.prefixes[owner] = prefix
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:  # the protocol of ast
        self.generic_visit(node)
        _name_variable(node.target, node.value)
        return node


def _name_variable(target: ast.expr, value: ast.expr | None) -> None:
    """Name the variable of a value after its setting, as django-configurations does."""
    match target, value:
        case ast.Name(id=name), ast.Call(func=function, keywords=keywords):
            module, _, kind = ast.unparse(function).rpartition(".")
            named = any(keyword.arg == "environ_name" for keyword in keywords)
            if f"{module}." == _VALUES and kind not in _NAMED and not named:
                keywords.append(ast.keyword(arg="environ_name", value=ast.Constant(name)))
