"""Publish through GitHub's API: a check run, a comment on the pull request."""

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
from heroci_action.reports.links import CodeLinks
from heroci_action.results.records import Result
from heroci_action.text import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A result to publish through the API."""

    api: Api
    event: Event
    github: GitHubContext
    result: Result

    @property
    def source(self) -> str:
        """The name of the job and of the report; its later runs update its comment."""
        title = f"/{self.result.title}" if self.result.title else ""
        return f"{self.github.workflow}/{self.github.job}{title}"

    @property
    def name(self) -> str:
        """The name of the check run."""
        if self.result.title:
            return self.result.title
        return f"HeroCI ({self.github.job})" if self.github.job else "HeroCI"


def notify(
    result: Result, requested: GitHubApi, github: GitHubContext, *, tracked: Container[str] | None
) -> Iterator[str]:
    """Publish a check run and a comment as requested; yield each problem. Never raises."""
    if not github.repository:
        yield "GITHUB_REPOSITORY is not set, so no check run or comment was created"
        return
    access = Access(url=github.api_url, repository=github.repository, token=requested.token)
    with Api(access) as api:
        event = Event.read(github.event_path)
        report = Report(api=api, event=event, github=github, result=result)
        if requested.check_run:
            yield from _attempt("check run", lambda: _check(report, tracked))
        if requested.comment:
            yield from _attempt("comment", lambda: _comment(report, tracked))


def _attempt(what: str, action: Callable[[], str | None]) -> Iterator[str]:
    try:
        problem = action()
    except ApiError as error:
        remedy = f"; {error.remedy}" if error.remedy else ""
        problem = f"{error.cause}{remedy}"
    except Exception as error:  # noqa: BLE001  a notification must not cost the run its result
        problem = f"{type(error).__name__}: {error}; this is a bug in HeroCI, please report it"
    if problem:
        yield f"no {what} was created: {problem}"


def _check(report: Report, tracked: Container[str] | None) -> str | None:
    commit = report.event.commit or report.github.sha
    if not commit:
        return "the commit is unknown"
    result = report.result
    notes = annotate(result, tracked=tracked, limit=check_run.MAX_ANNOTATIONS)
    check = CheckRun(
        name=report.name,
        commit=commit,
        status=result.status,
        title=f"{count(result.counts.bad, 'failed test')}, {result.counts.passed:,} passed",
        summary=summary.render(result, budget=check_run.MAX_SUMMARY, links=_links(report, tracked)),
        annotations=notes,
    )
    publish_check_run(report.api, check)
    return None


def _links(report: Report, tracked: Container[str] | None) -> CodeLinks:
    address = report.github.code_url(report.result.commit)
    return CodeLinks(address=address, tracked=tracked or ())


def _comment(report: Report, tracked: Container[str] | None) -> str | None:
    number = report.event.pull_request or _pull_request(report)
    if not number:
        return "the run belongs to no pull request"
    text = summary.render(report.result, budget=comment.MAX_BODY, links=_links(report, tracked))
    publish_comment(report.api, Comment(number=number, source=report.source, text=text))
    return None


def _pull_request(report: Report) -> int | None:
    """Return the number of the open pull request of a branch, which may be in a fork."""
    if report.event.branch is None:
        return None
    path = report.api.repository("pulls")
    found = report.api.get(path, head=report.event.branch, state="open")
    return int(found[0]["number"]) if found else None
