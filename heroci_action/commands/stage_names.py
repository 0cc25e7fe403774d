"""The names of a project's stages, without reading the project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from heroci_action.config.location import read_file, repository_root
from heroci_action.errors import HeroCIError
from heroci_action.plan.built_in_stages import BUILT_IN_STAGES


def stage_names(path: Path) -> tuple[str, ...]:
    """Return the built-in stages and the stages of the configuration, if it can be read."""
    place = path.resolve()
    try:
        written, _ = read_file(repository_root(place), place)
    except HeroCIError:
        written = {}
    stages = written.get("stages")
    own = stages if isinstance(stages, Mapping) else {}
    publish = ("publish",) if "publish" in written else ()
    return tuple(dict.fromkeys((*BUILT_IN_STAGES, *own, *publish)))
