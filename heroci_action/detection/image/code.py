"""Whether an image contains the project's code, and whether its containers need it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from heroci_action.detection.ci.compose.composition import COMPOSE_FILE, Composition
from heroci_action.detection.ci.compose.mounts import mounts_of_service
from heroci_action.detection.ci.dockerfile import Dockerfile
from heroci_action.detection.project_files import ProjectFiles
from heroci_action.detection.requirements.metadata import find_metadata
from heroci_action.detection.settings.modules import entry_point
from heroci_action.repository.files import join

# The spellings of one name of a distribution: `my-shop`, `my_shop`, `my.shop`.
_SEPARATOR = r"[-_.]+"


def copies_no_code(project: ProjectFiles, dockerfile: Dockerfile, context: str) -> bool:
    """Return whether every copied path of the repository is known, and none of them contains Python code."""
    places = [join(context, word) for word in dockerfile.copied_into_stage]
    known = all(project.tree.has(place) or project.tree.has_directory(place) for place in places)
    return known and not any(_has_code(project, place) for place in places)


def starts_code(project: ProjectFiles, path: str, dockerfile: Dockerfile) -> bool:
    """Return whether containers start the project's code, which no package and no other source brings into the image.

    The command names it, perhaps in a copied script, or a compose file mounts it.
    """
    if dockerfile.base is None or dockerfile.fetches_code or _installs_project(project, dockerfile):
        return False
    return _names_code(project, dockerfile) or _is_mounted(project, path)


def _has_code(project: ProjectFiles, place: str) -> bool:
    return place.endswith(".py") or bool(project.tree.matching(r".*\.py", under=place))


def _installs_project(project: ProjectFiles, dockerfile: Dockerfile) -> bool:
    metadata = find_metadata(project.tree, project.layout)
    if metadata is None or not metadata.name:
        return False
    name = _SEPARATOR.join(map(re.escape, metadata.name.split("-")))
    installed = re.compile(rf"(?<![\w./-]){name}(?![\w/-])", re.IGNORECASE)
    return any(installed.search(line) for line in dockerfile.needed_lines)


def _names_code(project: ProjectFiles, dockerfile: Dockerfile) -> bool:
    manage = project.layout.manage
    points = filter(None, (entry_point(project, name) for name in ("wsgi", "asgi")))
    names = [point.partition(":")[0] for point in points]
    names += [posixpath.basename(manage)] if manage else []
    started = "\n".join(_started(project, dockerfile))
    return any(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", started) for name in names)


def _started(project: ProjectFiles, dockerfile: Dockerfile) -> Iterator[str]:
    """Yield the command of the containers, and the texts of the copied scripts that it names."""
    line = f"{dockerfile.entry_point} {dockerfile.default_command}"
    yield line
    called = {posixpath.basename(word) for word in line.split()}
    for word in dockerfile.copied:
        if posixpath.basename(word) in called:
            paths = project.tree.matching(rf"(.*/)?{re.escape(word)}")
            yield from map(project.tree.text, paths)


def _is_mounted(project: ProjectFiles, path: str) -> bool:
    """Return whether a service of a compose file that builds a Dockerfile mounts Python code."""
    files = project.tree.matching(COMPOSE_FILE)
    compositions = (Composition(tree=project.tree, paths=(file,)) for file in files)
    mounts = (
        mounts_of_service(composition, name)
        for composition in compositions
        for name in composition.services
        if (build := composition.build(name)) and build.dockerfile == path
    )
    return any(_has_code(project, place) for each in mounts for place in each.places.values())
