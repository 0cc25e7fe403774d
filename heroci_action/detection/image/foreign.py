"""Commands in images of which nothing is known to come from the repository."""

from __future__ import annotations

from heroci_action.detection.ci.compose.image_build import find_build
from heroci_action.detection.ci.records import UNKNOWN, Command
from heroci_action.detection.image.builds import find_builds
from heroci_action.detection.project_files import ProjectFiles


def runs_foreign_code(project: ProjectFiles, command: Command) -> bool:
    """Return whether a command runs in an image that the CI does not build, without any mount of the checkout."""
    outer = next((each for each in (*command.via, command) if each.call.container), None)
    container = outer.call.container if outer else None
    image = (container.image or container.pulled) if container else None
    # A mount, or the build of its image, shows the place of the repository in a container.
    if container is None or image is None or container.called_from is not None:
        return False
    builds = find_builds(project)
    unnamed = any(UNKNOWN in tag or "$" in tag for build in builds for tag in build.tags)
    known = find_build(image, builds) is not None
    return not (known or unnamed or UNKNOWN in image or "$" in image)
