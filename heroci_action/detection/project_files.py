"""The input of every detector: the files of the repository, the layout, and the user's configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, TypeVar

from heroci_action.detection.ci.project_ci import ProjectCI
from heroci_action.detection.ci.records import ROOT, Command
from heroci_action.detection.ci.systems.local import read_local_checks
from heroci_action.detection.ci.task_runners.tox_config import ToxConfig
from heroci_action.detection.ci.task_runners.tox_factors import choose
from heroci_action.detection.evidence import Evidence, gather
from heroci_action.detection.import_paths import import_paths
from heroci_action.detection.layout import Layout, import_roots, module_file
from heroci_action.detection.pytest_file import find_python_paths
from heroci_action.repository.files import RepositoryFiles

Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class ProjectFiles:
    """The input of every detector; `given` is the configuration as the user wrote it."""

    tree: RepositoryFiles
    given: Mapping[str, Any]
    layout: Layout
    ci: ProjectCI = field(default_factory=ProjectCI)
    _answers: dict[object, Any] = field(default_factory=dict, init=False, repr=False)

    def configured(self, key: str) -> Any:
        """Return the user's value for a dotted key; None if there is none."""
        value: Any = self.given
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def answer(self, question: Callable[[ProjectFiles], Any]) -> Any:
        """Ask a question about the project, or return the answer of the first time."""
        if question not in self._answers:
            self._answers[question] = question(self)
        return self._answers[question]

    @cached_property
    def evidence(self) -> Evidence:
        """Return the findings of the project's CI and compose files."""
        return gather(self.tree, self.ci, self.layout.directories)

    @property
    def commands(self) -> tuple[Command, ...]:
        """Return the commands of the job that runs the tests."""
        return self.ci.tests

    @property
    def image_commands(self) -> tuple[Command, ...]:
        """Return the commands that build the image in which the tests run."""
        return self.ci.suite.job.image_commands if self.ci.suite else ()

    @cached_property
    def local_checks(self) -> tuple[tuple[Command, ...], ...]:
        """The commands of every environment of tox, then of every target of make."""
        return tuple(read_local_checks(self.tree))

    @cached_property
    def tox_env(self) -> Mapping[str, str]:
        """The variables of the tox environment in which the tests run, except paths."""
        for directory in (self.layout.directory, "."):
            if config := ToxConfig.read(self.tree, directory):
                name = choose(config.names, None) or "py"
                variables = config.environment(name, (), {}).variables
                return {key: value for key, value in variables.items() if ROOT not in value}
        return {}

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """Where imports start."""
        roots = (
            *import_roots(self.tree, self.layout),
            *import_paths(self.tree, self.ci),
            *find_python_paths(self.tree, self.layout.directories),
        )
        return tuple(dict.fromkeys(roots))

    def module(self, name: str) -> str | None:
        """Return the file of a module of the project; None for any other module."""
        return module_file(self.tree, self.roots, name)


def once(question: Callable[[ProjectFiles], Answer]) -> Callable[[ProjectFiles], Answer]:
    """Make a function of a project compute its answer only once for each project."""

    @wraps(question)
    def ask(project: ProjectFiles) -> Answer:
        answer: Answer = project.answer(question)
        return answer

    return ask
