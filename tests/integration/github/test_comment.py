"""The comment on a pull request."""

from __future__ import annotations

import pytest

from heroci_action.github.api import ApiError
from heroci_action.github.comment import Comment, publish_comment
from tests.integration.github.server import Fault, GitHub
from tests.integration.github.test_api import api_of

NEW = Comment(number=7, source="CI/tests", text="# passed")


def say(github: GitHub, comment: Comment = NEW) -> list[str]:
    """Publish a comment and return the bodies of all comments."""
    with api_of(github) as api:
        publish_comment(api, comment)
    return [one["body"] for one in github.comments]


def test_comment_is_created_once_and_then_updated(github: GitHub) -> None:
    assert say(github, Comment(number=7, source="CI/tests", text="# failed")) == [
        f"{NEW.marker}\n# failed"
    ]
    assert say(github) == [NEW.body]


def test_comment_is_found_on_the_last_page(github: GitHub) -> None:
    for number in range(205):
        github.comment(f"comment {number}", login="ann", kind="User")
    mine = github.comment(f"{NEW.marker}\nold")
    github.comment("after it", login="ann", kind="User")

    assert say(github)[mine - 1] == NEW.body
    assert len(github.comments) == 207


def test_comment_of_another_job_is_kept(github: GitHub) -> None:
    other = Comment(number=7, source="CI/lint", text="lint")
    say(github, other)
    assert say(github) == [other.body, NEW.body]


def test_imitation_by_another_author_is_kept(github: GitHub) -> None:
    fake = f"{NEW.marker}\nall is well"
    github.comment(fake, login="mallory", kind="User")
    github.comment(f"quoting {NEW.marker}", login="github-actions[bot]", kind="Bot")

    assert say(github) == [fake, f"quoting {NEW.marker}", NEW.body]


def test_token_of_a_user_updates_only_that_users_comment(github: GitHub) -> None:
    github.login = "ann"
    bots = f"{NEW.marker}\nby the app"
    github.comment(bots)
    assert say(github) == [bots, NEW.body]
    assert say(github, Comment(number=7, source="CI/tests", text="later")) == [
        bots,
        f"{NEW.marker}\nlater",
    ]


def test_deleted_comment_is_created_again(github: GitHub) -> None:
    github.comment(f"{NEW.marker}\nold")
    github.faults = [Fault(status=404, method="PATCH")]
    assert say(github)[-1] == NEW.body


@pytest.mark.parametrize("lost", [Fault(status=502, method="POST", done=True)])
def test_comment_with_a_lost_response_is_not_duplicated(github: GitHub, lost: Fault) -> None:
    github.faults = [lost]
    assert say(github) == [NEW.body]


def test_missing_comment_is_reported(github: GitHub) -> None:
    github.faults = [Fault(status=502, method="POST")]
    with pytest.raises(ApiError, match="502"):
        say(github)
    assert github.comments == []


def test_comment_of_a_deleted_author_is_kept(github: GitHub) -> None:
    github.comment(f"{NEW.marker}\nold")
    github.comments[0]["user"] = None
    assert len(say(github)) == 2
