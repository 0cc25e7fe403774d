"""Whether the same plan always installs the same versions; otherwise, results are good for a day."""

from __future__ import annotations

from pathlib import Path

import pytest

from heroci_action.commands.result_cache import is_pinned
from heroci_action.plan.stages import Environment, Plan, Service

LOCKED = Environment(lock="uv.lock")


def plan(environment: Environment, image: str | None = None) -> Plan:
    return Plan(
        project="shop",
        environment=environment,
        services={"search": Service(name="search", image=image)},
        stages=(),
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("django==5.2.1", True),
        ("django @ https://example.org/django-5.2.1.whl", True),
        ("django==5.2.*", False),
        ("django>=5", False),
        ("-r other.txt", False),
        ("django  # ==5.2.1", False),
    ],
)
def test_every_requirement_must_name_one_version(
    tmp_path: Path, line: str, *, expected: bool
) -> None:
    (tmp_path / "requirements.txt").write_text(f"# comment\nsix==1.17.0 \\\n  --hash=x\n{line}\n")
    environment = Environment(requirements=("requirements.txt",))
    assert is_pinned(plan(environment), tmp_path) is expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (LOCKED, True),
        (Environment(tools=("black<=26.10.1", "flake8==7.1.0")), True),
        (Environment(tools=("flake8-bugbear",)), False),
        (Environment(overrides=("django~=5.2.0",)), False),
        (Environment(project="."), False),
    ],
)
def test_tools_and_overrides_count_as_well(environment: Environment, *, expected: bool) -> None:
    assert is_pinned(plan(environment), Path()) is expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("postgres:17-alpine", True),
        ("registry.example.org:5000/search@sha256:0a1b", True),
        ("search", False),
        ("search:latest", False),
        ("registry.example.org:5000/search", False),
    ],
)
def test_an_image_must_name_a_version(image: str, *, expected: bool) -> None:
    assert is_pinned(plan(LOCKED, image), Path()) is expected
