"""The files that the plan names for the variables of a container."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import SQLITE, django, loaded

READS = "".join(f'{name} = os.environ["M_{name}"]\n' for name in "ABCD")
FILES = {
    "compose.yml": "services: {web: {build: ., volumes: ['.:/app'], environment: {M_A: a}, env_file: web.env}}\n",
    "compose.ci.yml": "services: {web: {environment: {M_A: ci}}}\n",
    "web.env": "M_B=b\n",
    "Dockerfile": "FROM python:3.13\nENV M_C=c\nWORKDIR /app\n",
}


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("docker compose run -e M_D=d web pytest", "compose.yml"),
        (
            "docker compose -f compose.yml -f compose.ci.yml run -e M_D=d web pytest",
            "compose.ci.yml",
        ),
        ("docker compose exec -e M_D=d web pytest", "compose.yml"),
    ],
)
def test_a_variable_of_a_container_comes_from_the_file_that_sets_it(
    tmp_path: Path, line: str, file: str
) -> None:
    settings = f"import os\n{READS}{SQLITE}"
    found = loaded(tmp_path, {**django(settings), **FILES, **workflow(line)})
    origins = {key: text.rpartition(" in ")[2] for key, text in found.origins.items()}
    expected = {"A": file, "B": "web.env", "C": "Dockerfile", "D": ".github/workflows/ci.yml"}
    assert {name: origins[f"env.M_{name}"] for name in "ABCD"} == expected
