"""Write `match` statements of settings as the `if` statements that mean the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def without_match(module: ast.Module) -> ast.Module:
    """Replace each `match` statement by a chain of conditions.

    A pattern that asks for more than equality is not known, so no other code understands its condition.
    """
    _Replace().visit(module)  # in place
    return module


class _Replace(ast.NodeTransformer):
    def visit_Match(self, node: ast.Match) -> list[ast.stmt]:  # the protocol of ast
        self.generic_visit(node)
        chain: list[ast.stmt] = []
        for case, pattern in reversed([*_alternatives(node.cases)]):
            test = _test(node.subject, pattern, case.guard)
            chain = list(case.body) if test is None else [ast.If(test, case.body, chain)]
        return chain


def _alternatives(cases: list[ast.match_case]) -> Iterator[tuple[ast.match_case, ast.pattern]]:
    """Yield each case with its pattern, once for each alternative: `"postgres" | "pg"`."""
    for case in cases:
        pattern = case.pattern
        if isinstance(pattern, ast.MatchAs) and pattern.pattern is not None:
            pattern = pattern.pattern
        yield from (
            (case, each)
            for each in (pattern.patterns if isinstance(pattern, ast.MatchOr) else [pattern])
        )


def _test(subject: ast.expr, pattern: ast.pattern, guard: ast.expr | None) -> ast.expr | None:
    """Return the condition of a case; None if it always holds."""
    test = _of_pattern(subject, pattern)
    parts = [part for part in (test, guard) if part is not None]
    return ast.BoolOp(ast.And(), parts) if len(parts) > 1 else next(iter(parts), None)


def _of_pattern(subject: ast.expr, pattern: ast.pattern) -> ast.expr | None:
    match pattern:
        case ast.MatchAs(pattern=None):
            return None
        case ast.MatchValue(value=value):
            return ast.Compare(subject, [ast.Eq()], [value])
        case ast.MatchSingleton(value=value):
            return ast.Compare(subject, [ast.Is()], [ast.Constant(value=value)])
    return ast.Call(ast.Name("matches"), [subject], [])
