from __future__ import annotations

import ast

import pytest

from heroci_action.repository.newer_syntax import parse_python


def names(text: str) -> list[str]:
    return [
        node.targets[0].id
        for node in parse_python(text).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    ]


@pytest.mark.parametrize(
    "line",
    [
        "if TYPE_CHECKING:\n    type Item = str | None",
        "type Pair[T] = tuple[T, T]",
        "def first[T: (str, list[int])](items: list[T]) -> T:\n    return items[0]",
        "class Box[T](Base):\n    pass",
        "try:\n    pass\nexcept OSError, ValueError:\n    pass",
        'x(f"{row["name"]} {row["age"]}")',
        "x(f'{row['name']}')\ny(f\"{row[\"name\"]}\")",
    ],
)
def test_code_for_a_newer_python_is_read(line: str) -> None:
    assert names(f"A = 1\n{line}\nB = 2\n")[-1] == "B"
    (last,) = parse_python(f"A = 1\n{line}\nB = 2\n").body[-1:]
    assert last.lineno == 2 + len(line.split("\n"))


@pytest.mark.parametrize("text", ["A = (", "A = 1\nclass:\n", "\0", "print 'x'\n"])
def test_invalid_code_is_empty(text: str) -> None:
    assert parse_python(text).body == []
