from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from heroci_action.commands.parallel_proofs import Proofs, suite_key
from heroci_action.project import ProjectConfig
from heroci_action.results.provenance import ParallelProof
from heroci_action.results.serialise import dump
from tests.unit.builders import case, run_of
from tests.unit.detection.projects import django, loaded


@pytest.fixture
def project(tmp_path: Path) -> ProjectConfig:
    return loaded(tmp_path / "project", django())


def proof(project: ProjectConfig) -> ParallelProof:
    return ParallelProof(
        key=suite_key(project), proved_at="2026-01-02", tests=3, one_process=4.0, parallel=2.0
    )


def test_a_stored_proof_is_found_until_it_is_withdrawn(
    project: ProjectConfig, tmp_path: Path
) -> None:
    baseline = tmp_path / "baseline.json"
    baseline.write_bytes(dump(replace(run_of(case("a")), parallel_proof=proof(project))))
    proofs = Proofs(cache=tmp_path / "cache", baseline=baseline)
    assert Proofs(cache=tmp_path / "cache").find(project) is None
    assert proofs.find(project) == proof(project)
    proofs.store(proof(project))
    assert Proofs(cache=tmp_path / "cache").find(project) == proof(project)
    proofs.withdraw(proof(project), ("a",))
    assert proofs.find(project) is None


@pytest.mark.parametrize(
    "toml",
    [
        'settings = "other"',
        'tests.runner = "pytest"',
        'tests.args = ["one"]',
        "services.redis = {}",
    ],
)
def test_a_proof_is_for_one_runner_with_its_arguments_settings_and_services(
    project: ProjectConfig, tmp_path: Path, toml: str
) -> None:
    other = loaded(tmp_path / "other" / "project", {**django(), "heroci.toml": toml})
    assert suite_key(other) != suite_key(project)


def test_a_damaged_file_is_no_proof(project: ProjectConfig, tmp_path: Path) -> None:
    proofs = Proofs(cache=tmp_path)
    proofs.store(proof(project))
    (path,) = (tmp_path / "parallel").iterdir()
    for text in ("", "[]", '{"key": 1}'):
        path.write_text(text)
        assert proofs.find(project) is None
