from __future__ import annotations

import pytest

from tests.unit.detection.ci.trees import commands_of, shown

HATCH = """
    [envs.ci]
    skip-install = true
    dependencies = ["pytest"]
    [[envs.ci.matrix]]
    python = ["3.11", "3.12"]
    django = ["4.2", "5.1"]
    [envs.ci.overrides]
    matrix.django.dependencies = [
        { value = "django~=4.2.0", if = ["4.2"] },
        { value = "django~=5.1.0", if = ["5.1"] },
    ]
    matrix.python.set-features = []
    matrix.django.env-vars = "DJANGO"
    [envs.ci.scripts]
    run = "pytest --ds=s{matrix:django} {args}"
    [envs.old]
    skip-install = true
    dependencies = ["django=={matrix:v:3.2}"]
    [[envs.old.matrix]]
    v = ["4.0", "4.1"]
"""


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("hatch run ci:run a", ["pip install pytest django~=5.1.0", "pytest --ds=s5.1 a"]),
        ("hatch run +py=3.11 +django=4.2 ci:run", ["pip install pytest django~=4.2.0", "pytest --ds=s4.2"]),
        ("hatch run -django=5.1 ci:run", ["pip install pytest django~=4.2.0", "pytest --ds=s4.2"]),
        ("hatch run ci.py3.12-4.2:run", ["pip install pytest django~=4.2.0", "pytest --ds=s4.2"]),
        ("hatch run old:pytest", ["pip install django==4.1", "pytest"]),
    ],
)  # fmt: skip
def test_the_leg_of_the_matrix_decides(line: str, commands: list[str]) -> None:
    found = commands_of(line, {"hatch.toml": HATCH})
    assert shown(found) == commands


def test_a_variable_has_the_value_of_the_leg() -> None:
    found = commands_of("hatch run +django=4.2 ci:run", {"hatch.toml": HATCH})
    assert found[-1].env["DJANGO"] == "4.2"
