"""Read the events that start a GitHub workflow.

https://docs.github.com/actions/reference/events-that-trigger-workflows
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heroci_action.detection.ci.records import ROOT, Trigger
from heroci_action.detection.ci.systems.github_expressions import Partial, holds
from heroci_action.detection.ci.yaml_file import table, texts

_PULL_REQUEST = frozenset({"pull_request", "pull_request_target", "merge_group"})
_EVERY_BRANCH = frozenset({"*", "**"})
GITHUB = Partial(workspace=ROOT, event=Partial(inputs={}))
_EVENTS = ("push", "pull_request")
_SELDOM_EVENTS = ("schedule", "workflow_dispatch", "release")


def trigger_of(on: object) -> Trigger | None:
    """Return how a workflow starts; None if only others call it.

    A workflow for pushes to some branches, such as a release's, is less usual than one for each change.
    """
    events = dict(on) if isinstance(on, Mapping) else dict.fromkeys(texts(on))
    push = table(events.get("push"))
    branches = set(texts(push.get("branches")))
    if "tags" in push and not {"branches", "branches-ignore"} & set(push):
        events["release"] = events.pop("push")
    if not events or _PULL_REQUEST & set(events):
        return Trigger.CHANGE
    if "push" in events:
        return Trigger.CONDITION if branches and not branches & _EVERY_BRANCH else Trigger.CHANGE
    return None if set(events) == {"workflow_call"} else Trigger.SELDOM


def holds_for_change(
    condition: object, contexts: Mapping[str, Any], trigger: Trigger
) -> bool | None:
    """Return whether a condition holds for a push or a pull request; None if that is not known.

    In a workflow that starts seldom, its other events count as well.
    """
    names = (*_EVENTS, *(_SELDOM_EVENTS if trigger is Trigger.SELDOM else ()))
    events = (Partial(GITHUB, event_name=event) for event in names)
    found = [holds(condition, {**contexts, "github": github}) for github in events]
    return True if True in found else None if None in found else False
