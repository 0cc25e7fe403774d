"""The paths that a checkout has in other steps of a workflow."""

from __future__ import annotations

from pathlib import Path

from heroci_action.github.checkouts import checkout_roots

RUNNER = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_WORKSPACE": "/github/workspace",
    "RUNNER_WORKSPACE": "/opt/runner/_work/shop",
}


def test_container_action_knows_the_paths_of_earlier_steps() -> None:
    assert checkout_roots(RUNNER, Path("/github/workspace")) == (
        "/opt/runner/_work/shop/shop",
        "/home/runner/work/shop/shop",
        "/Users/runner/work/shop/shop",
        "/a/shop/shop",
        "/__w/shop/shop",
        "/github/workspace",
    )


def test_checkout_below_the_workspace_keeps_its_directory() -> None:
    roots = checkout_roots(RUNNER, Path("/github/workspace/source"))

    assert roots[0] == "/opt/runner/_work/shop/shop/source"


def test_outside_github_no_paths_are_known() -> None:
    assert checkout_roots({"GITHUB_REPOSITORY": "acme/shop"}, Path("/x")) == ()
