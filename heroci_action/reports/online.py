"""What goes through GitHub's API, where somebody has asked for it: a check run, a comment on the pull request."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

from heroci_action.github import check_run, comment
from heroci_action.github.api import Access, Api, ApiError
from heroci_action.github.check_run import CheckRun, publish_check_run
from heroci_action.github.comment import Comment, publish_comment
from heroci_action.github.context import GitHubContext
from heroci_action.github.event import Event
from heroci_action.options import GitHubApi
from heroci_action.reports import summary
from heroci_action.reports.annotations import annotate
from heroci_action.results.records import Result
from heroci_action.text import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A result on its way to the API."""

    api: Api
    event: Event
    github: GitHubContext
    result: Result

    @property
    def source(self) -> str:
        """The job that tells: later runs of it replace what it has told."""
        return f"{self.github.workflow}/{self.github.job}"


def tell(
    result: Result, asked: GitHubApi, github: GitHubContext, *, tracked: Container[str] | None
) -> Iterator[str]:
    """Do what was asked for; why something could not be done, in a line each. Raises nothing."""
    if not github.repository:
        yield "GITHUB_REPOSITORY is not set, so neither a check run nor a comment was made"
        return
    access = Access(url=github.api_url, repository=github.repository, token=asked.token)
    with Api(access) as api:
        event = Event.read(github.event_path)
        telling = Telling(api=api, event=event, github=github, result=result)
        if asked.check_run:
            yield from _attempt("check run", lambda: _check(telling, tracked))
        if asked.comment:
            yield from _attempt("comment", lambda: _comment(telling))


def _attempt(what: str, action: Callable[[], str | None]) -> Iterator[str]:
    try:
        problem = action()
    except ApiError as error:
        remedy = f"; {error.remedy}" if error.remedy else ""
        problem = f"{error.cause}{remedy}"
    except Exception as error:  # noqa: BLE001  what is only told must not cost the run its result
        problem = f"{type(error).__name__}: {error}; this is a bug in HeroCI, please report it"
    if problem:
        yield f"no {what} was made: {problem}"


def _check(telling: Telling, tracked: Container[str] | None) -> str | None:
    commit = telling.event.commit or telling.github.sha
    if not commit:
        return "the commit is not known"
    result = telling.result
    notes = annotate(result, tracked=tracked, limit=check_run.MAX_ANNOTATIONS)
    check = CheckRun(
        name=f"HeroCI ({telling.github.job})" if telling.github.job else "HeroCI",
        commit=commit,
        status=result.status,
        title=f"{count(result.counts.bad, 'failed test')}, {result.counts.passed:,} passed",
        summary=summary.render(result, budget=check_run.MAX_SUMMARY),
        annotations=notes,
    )
    publish_check_run(telling.api, check)
    return None


def _comment(telling: Telling) -> str | None:
    number = telling.event.pull_request or _asked_for(telling)
    if not number:
        return "the run belongs to no pull request"
    text = summary.render(telling.result, budget=comment.MAX_BODY)
    publish_comment(telling.api, Comment(number=number, source=telling.source, text=text))
    return None


def _asked_for(telling: Telling) -> int | None:
    """The open pull request of a branch, of a fork as well."""
    if telling.event.branch is None:
        return None
    path = telling.api.repository("pulls")
    found = telling.api.get(path, head=telling.event.branch, state="open")
    return int(found[0]["number"]) if found else None
