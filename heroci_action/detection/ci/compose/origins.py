"""The files in which the variables of a container of Docker Compose are written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from heroci_action.detection.ci.compose.calls import entered_services
from heroci_action.detection.ci.compose.composition import Composition
from heroci_action.detection.ci.records import Command
from heroci_action.repository.files import RepositoryFiles


def find_origins(command: Command, tree: RepositoryFiles) -> Mapping[str, str]:
    """Return the files of the variables that a command has from its container, by the names of the variables."""
    found: dict[str, str] = {}
    for used, name in entered_services(command, tree):
        if name not in used.services:
            continue
        build = used.build(name)
        of_image = build.parse(tree).settings if build else {}
        found |= {variable: build.dockerfile for variable in of_image if build}
        for variable in used.environment(name):
            found[variable] = _file_of(used, name, variable)
    given = {name for outer in (*command.via, command) for name in outer.call.env}
    return {name: path for name, path in found.items() if name not in given}


def _file_of(used: Composition, service: str, variable: str) -> str:
    """Return the last compose file that names a variable, else the file of variables that does."""
    paths = [*reversed(used.paths), *reversed([path for path, _ in used.env_files(service)])]
    form = re.compile(rf"\b{re.escape(variable)}\b")
    return next((path for path in paths if form.search(used.tree.text(path))), used.paths[-1])
