"""The paths of a checkout on GitHub's runners; reports contain the paths of the step that wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

# actions/runner: a workspace is `work/NAME/NAME`. Hosted runners on Linux, macOS and Windows (`D:\a`), container jobs.
_WORK_DIRECTORIES = ("/home/runner/work", "/Users/runner/work", "/a", "/__w")
_CONTAINER_ACTION = "/github/workspace"


def checkout_roots(environ: Mapping[str, str], root: Path) -> tuple[str, ...]:
    """Return the paths that the directory `root` has in other steps of a workflow, without drive letters.

    An action in a container sees the checkout at another path than the steps before it, and a report may come from a
    job on another operating system. Outside GitHub Actions, nothing is known.
    """
    name = environ.get("GITHUB_REPOSITORY", "").rpartition("/")[2]
    if environ.get("GITHUB_ACTIONS") != "true" or not name:
        return ()
    workspace = Path(environ.get("GITHUB_WORKSPACE", _CONTAINER_ACTION))
    # With its input `path`, actions/checkout uses a directory below the workspace.
    below = root.relative_to(workspace) if root.is_relative_to(workspace) else Path()
    own = (environ["RUNNER_WORKSPACE"],) if environ.get("RUNNER_WORKSPACE") else ()
    known = (f"{directory}/{name}" for directory in _WORK_DIRECTORIES)
    workspaces = [f"{directory}/{name}" for directory in (*own, *known)]
    return tuple(
        (Path(place) / below).as_posix()
        for place in dict.fromkeys((*workspaces, _CONTAINER_ACTION))
    )
