"""Report the results of other programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from heroci_action.commands.finish import Site, finish
from heroci_action.commands.gather import Input, gather
from heroci_action.commands.input_files import Settings, find_files, read_settings
from heroci_action.github.checkouts import checkout_roots
from heroci_action.github.context import GitHubContext
from heroci_action.observers.choice import choose_observer
from heroci_action.options import ReportOptions, Reruns, Unreadable
from heroci_action.output_directory import open_output
from heroci_action.plan.report_kinds import COVERAGE_JSON, JUNIT
from heroci_action.publish.files import Repository
from heroci_action.readers import PathResolver, Source
from heroci_action.repository.files import RepositoryFiles
from heroci_action.repository.git import Checkout
from heroci_action.results.packed import expand_or_pack
from heroci_action.results.records import Result, Status
from heroci_action.version import __version__


def report(options: ReportOptions, environ: Mapping[str, str]) -> int:
    """Read the files, compare, judge and publish; return the exit code. Raises UsageError."""
    settings = read_settings(options)
    checkout = Checkout.of(options.path)
    repository = read_repository(checkout)
    result = Result(
        status=Status.PASSED,
        exit_code=0,
        project=checkout.root.name,
        engine="",
        commit=checkout.commit(),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        heroci_version=__version__,
    )
    resolver = replace(path_resolver(repository, options.path, environ), prefixes=settings.prefixes)
    result = gather(_find_input(options, settings), resolver, result)
    return finish_report(expand_or_pack(result), options, repository, environ)


def finish_report(
    result: Result, options: ReportOptions, repository: Repository, environ: Mapping[str, str]
) -> int:
    """Finish a result that was read from files; return the exit code. Raises UsageError."""
    destination = options.destination
    observer = choose_observer(
        verbosity=options.verbosity, output=destination.output, environ=environ
    )
    with open_output(destination.output) as output, observer:
        site = Site(
            checkout=Checkout.of(options.path),
            repository=repository,
            output=output,
            github=GitHubContext.from_environ(environ),
            observer=observer,
        )
        finished = finish(
            result,
            reference=options.reference,
            gates=options.gates,
            destination=destination,
            site=site,
        )
        return finished.exit_code


def read_repository(checkout: Checkout) -> Repository:
    """List the files of the repository; without git, any file may be part of it."""
    files = RepositoryFiles.read(checkout.root).files if checkout.known else ()
    return Repository(root=checkout.root, tracked=frozenset(files))


def path_resolver(repository: Repository, place: Path, environ: Mapping[str, str]) -> PathResolver:
    """Return the resolver for paths in reports that may come from another machine's checkout."""
    here = place.resolve()
    root = repository.root
    below = here.relative_to(root) if here.is_relative_to(root) else Path()
    return PathResolver(
        directory=below.as_posix(),
        tracked=repository.tracked,
        roots=(str(root), *checkout_roots(environ, root)),
        foreign=True,
    )


def _find_input(options: ReportOptions, settings: Settings) -> Input:
    """Find the files; if several options name a file, the first of them counts."""
    groups = (
        (options.results, JUNIT),
        (options.coverage, COVERAGE_JSON),
        (options.lint, "flake8"),
    )
    kinds: dict[Path, str] = {}
    missing: dict[str, str] = {}
    for patterns, kind in groups:
        found = find_files(patterns, output=options.destination.output)
        kinds = {**dict.fromkeys(found.files, kind), **kinds}
        missing = {**dict.fromkeys(found.missing, kind), **missing}
    sources = [_source(path, kind, settings) for path, kind in kinds.items()]
    return Input(
        sources=sources,
        sizes=list(map(_size, kinds)),
        missing=missing,
        tolerant=settings.unreadable is Unreadable.WARN,
    )


def _source(path: Path, kind: str, settings: Settings) -> Source:
    return Source(
        kind=kind,
        path=path.as_posix(),
        opened=partial(_open, path),
        limit=settings.largest_file,
        assume_reruns=settings.reruns is Reruns.ASSUME,
    )


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
