from __future__ import annotations

import json
import tomllib
from importlib import resources

import pytest
from jsonschema import Draft202012Validator

from heroci_action.config import schema

VALIDATOR = Draft202012Validator(schema.document())
FULL = """
python = "3.13"
working-directory = "src"
requirements = ["a.txt"]
timeout = "5m"
env = { A = "{postgres.url}" }
lint = ["black"]
services.postgres = "17"
services.search = { image = "opensearch:2", port = 9200, env = { X = "1" } }
[tests]
runner = "pytest"
args = [["-m", "a"], ["-m", "b"]]
before = ["make assets", ["npm", "ci"], { name = "x", run = "y" }]
parallel = "auto"
check-migrations = false
[image]
dockerfile = "Dockerfile"
build-args = { V = "1" }
[integration]
checks = ["/", { path = "/api/", json = { count = 0 }, status = 201 }]
[report]
largest-file = "500MB"
[stages.deploy]
needs = ["image"]
steps = ["./deploy"]
reports = { junit = "out/*.xml", sarif = ["a.sarif"] }
timeout = 60
optional = true
"""


def shipped() -> dict[str, object]:
    file = resources.files("heroci_action").joinpath("schemas/heroci.schema.json")
    return json.loads(file.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_the_shipped_schema_is_current() -> None:
    """If not: python -m heroci_action.config.schema > heroci_action/schemas/heroci.schema.json."""
    assert shipped() == schema.document()


def test_the_schema_is_valid_and_takes_every_form_that_a_key_may_have() -> None:
    VALIDATOR.check_schema(VALIDATOR.schema)
    VALIDATOR.validate(tomllib.loads(FULL))


@pytest.mark.parametrize(
    "toml",
    [
        "pyhton = '3'",
        "python = 3.1",
        "[tests]\nrunner = 'nose'",
        "image = true",
        "[stages.x]\nstep = []",
        "[env]\nA = 1",
        "[report]\nlargest-file = -1",
    ],
)
def test_the_schema_refuses_what_the_model_refuses(toml: str) -> None:
    assert not VALIDATOR.is_valid(tomllib.loads(toml))
