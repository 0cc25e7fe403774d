"""Read the manifest of pixi: its features, its environments and the tasks in them.

Source: https://pixi.sh/latest/reference/pixi_manifest/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from heroci_action.detection.ci.yaml_file import table, texts
from heroci_action.repository.files import RepositoryFiles, join

DEFAULT = "default"
_PLACES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("pixi.toml", ()),
    ("pyproject.toml", ("tool", "pixi")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PixiManifest:
    """The content of a manifest, and the file that it is in."""

    path: str
    content: Mapping[str, Any]

    def feature(self, name: str) -> Mapping[str, Any]:
        """Return a feature; the default one is at the top."""
        return self.content if name == DEFAULT else table(self._features.get(name))

    def features_of(self, environment: str) -> tuple[str, ...]:
        """Return the names of the features in an environment."""
        entry = table(self.content.get("environments")).get(environment)
        own = texts(table(entry).get("features", entry))
        left_out = table(entry).get("no-default-feature") is True
        return tuple(own) if left_out else (DEFAULT, *own)

    def environment_of(self, task: str) -> str:
        """Return the first environment with a task; the default one also without it."""
        declared = table(self.content.get("environments"))
        names = (name for name in (DEFAULT, *declared) if task in self._tasks_in(name))
        return next(names, DEFAULT)

    @property
    def tasks(self) -> Mapping[str, Any]:
        """The tasks of all features."""
        names = (*self._features, DEFAULT)
        return {key: task for name in names for key, task in self._tasks(name).items()}

    def _tasks_in(self, environment: str) -> set[str]:
        return {task for name in self.features_of(environment) for task in self._tasks(name)}

    def _tasks(self, feature: str) -> Mapping[str, Any]:
        return table(self.feature(feature).get("tasks"))

    @property
    def _features(self) -> Mapping[str, Any]:
        return table(self.content.get("feature"))


def find_manifest(tree: RepositoryFiles, directory: str) -> PixiManifest | None:
    """Return the manifest in a directory, if there is one."""
    return next(_manifests(tree, directory), None)


def _manifests(tree: RepositoryFiles, directory: str) -> Iterator[PixiManifest]:
    for name, keys in _PLACES:
        path = join(directory, name)
        content: Any = tree.toml(path)
        for key in keys:
            content = table(content).get(key)
        if table(content):
            yield PixiManifest(path=path, content=table(content))
