"""Read JUnit XML: pytest, unittest-xml-reporting, Surefire, Gradle, jest, nextest and others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from heroci_action.plan.report_kinds import JUNIT
from heroci_action.readers.base import BrokenReportError, Readings, Source, each
from heroci_action.readers.format import Category, Format, xml_root
from heroci_action.readers.junit.collector import OutputNeededError
from heroci_action.readers.junit.document import Document, NoResultsError
from heroci_action.readers.junit.strip_passed_output import strip_passed_output
from heroci_action.readers.xml import listen
from heroci_action.repository.paths import PathResolver

Filter = Callable[[Iterable[bytes]], Iterable[bytes]]


def read_junit(source: Source, tree: PathResolver) -> Readings:
    """Return the tests of a file. Raises BrokenReportError, which keeps the tests before the defect.

    The output of passed tests, which is most of a large report, is removed before the document is parsed, or skipped.
    If a failed test has its output before its failure, the document is read again, including all output.
    """

    def read(through: Filter = iter, *, skip_output: bool = False) -> Readings:
        return listen(
            source,
            lambda parser: Document(parser, source, tree, skip_output=skip_output),
            through,
        )

    try:
        return read(strip_passed_output, skip_output=True)
    except NoResultsError:
        return Readings(warnings=(f"{source.path}: a summary without results",))
    except (OutputNeededError, BrokenReportError):
        return read()


FORMAT = Format(
    kind=JUNIT,
    title="JUnit XML",
    category=Category.TESTS,
    recognize=xml_root("testsuites", "testsuite"),
    read=each(read_junit),
)
