"""The tags of Compose that take a value of an earlier file away, or replace it as a whole."""

from __future__ import annotations

from heroci_action.detection.ci.compose.composition import Composition
from tests.unit.detection.ci.trees import ci_of, tree_of, workflow

FILES = {
    "compose.yml": """
        services:
          web:
            build: .
            env_file: [{path: .env, required: true}]
            depends_on: [db, mail]
            volumes: ["./src:/code", "./data:/data"]
            environment: {DEBUG: "1", TOKEN: "${TOKEN}", HOST: db}
          db: {image: "postgres:16"}
          mail: {image: mailpit}
        """,
    "compose.ci.yml": """
        services:
          web:
            env_file: !reset null
            depends_on: !override [db]
            volumes: !override ["./share:/share"]
            environment: {TOKEN: !reset null, HOST: other}
          mail: !reset null
        """,
}


def test_a_later_file_takes_values_of_an_earlier_one_away() -> None:
    composition = Composition(tree_of(FILES), ("compose.yml", "compose.ci.yml"))
    web = composition.services["web"]
    assert [*composition.services] == ["web", "db"]
    assert ("env_file" in web, [*web["depends_on"]]) == (False, ["db"])
    assert web["volumes"] == ["./share:/share"]
    assert web["environment"] == {"DEBUG": "1", "HOST": "other"}
    assert "./share:/share" in composition.text()


def test_a_file_of_variables_that_is_reset_is_not_missing() -> None:
    line = "docker compose -f compose.yml -f compose.ci.yml run web pytest"
    suite = ci_of({**FILES, **workflow(line)}).suite
    assert suite is not None
    assert suite.job.left_out == ()


def test_a_whole_service_replaces_an_earlier_one() -> None:
    override = "services: {web: !override {image: 'python:3.13', environment: !override {B: '2'}}}"
    files = {**FILES, "compose.ci.yml": override}
    web = Composition(tree_of(files), ("compose.yml", "compose.ci.yml")).services["web"]
    assert {key for key, value in web.items() if value} == {"image", "environment"}
    assert web["environment"] == {"B": "2"}
