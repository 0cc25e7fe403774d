"""Proofs that the tests have the same outcomes in several processes: find, store and withdraw them."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from heroci_action.cache.atomic_file import write_atomically
from heroci_action.errors import UsageError
from heroci_action.project import ProjectConfig
from heroci_action.results.provenance import ParallelProof
from heroci_action.results.serialise import load
from heroci_action.text import count, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """The proofs in HeroCI's cache and in the result of an earlier run, if there is one."""

    cache: Path
    baseline: Path | None = None

    def find(self, project: ProjectConfig) -> ParallelProof | None:
        """Return the proof for this project, unless it was withdrawn on this machine."""
        key = suite_key(project)
        stored = _read(self._path(key))
        if stored is None:
            return self._from_baseline(key)
        try:
            return ParallelProof(**stored)
        except TypeError:
            return None

    def _from_baseline(self, key: str) -> ParallelProof | None:
        if self.baseline is None:
            return None
        try:
            proof = load(self.baseline.read_bytes()).parallel_proof
        except (OSError, UsageError):
            # The comparison with the baseline reports it.
            return None
        return proof if proof and proof.key == key else None

    def store(self, proof: ParallelProof) -> None:
        """Store a proof. Raises UsageError if the cache cannot be written."""
        self._write(proof.key, asdict(proof))

    def withdraw(self, proof: ParallelProof, tests: tuple[str, ...]) -> None:
        """Forget a proof that these tests have refuted; without a cache, the next run refutes it again."""
        with suppress(UsageError):
            self._write(proof.key, {"withdrawn": list(tests)})

    def _write(self, key: str, record: dict[str, object]) -> None:
        try:
            write_atomically(self._path(key), json.dumps(record).encode())
        except OSError as error:
            raise UsageError(
                f"the cache {str(self.cache)!r} cannot be written: {error.strerror}",
                remedy="set HEROCI_CACHE_DIR to a directory that can be written",
            ) from error

    def _path(self, key: str) -> Path:
        return self.cache / "parallel" / f"{key}.json"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def suite_key(project: ProjectConfig) -> str:
    """Return a hash of the project, the test runner with its arguments, the settings and the services."""
    config = project.config
    parts = (
        project.root.name,
        config.working_directory,
        config.tests.runner,
        config.tests.script,
        config.tests.args,
        config.settings,
        sorted((name, each.version, each.image) for name, each in config.services.items()),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def in_processes(
    project: ProjectConfig, *, parallel: bool, origin: str = "heroci prove-parallel"
) -> ProjectConfig:
    """Return the project with its tests in several processes, or in one."""
    tests = project.config.tests.model_copy(update={"parallel": parallel})
    return replace(
        project,
        config=project.config.model_copy(update={"tests": tests}),
        origins={**project.origins, "tests.parallel": origin},
    )


def describe_proof(proof: ParallelProof) -> str:
    """Return when and how a proof was found."""
    return (
        f"proved on {proof.proved_at[:10]}: {count(proof.tests, 'test')} with the same outcomes in one process "
        f"({seconds(proof.one_process)}) and in parallel ({seconds(proof.parallel)})"
    )
