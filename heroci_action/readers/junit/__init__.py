"""Read JUnit XML: pytest, unittest-xml-reporting, Surefire, Gradle, jest, nextest and others."""

from __future__ import annotations

from heroci_action.plan.report_kinds import JUNIT
from heroci_action.readers.base import BrokenReportError, Readings, Source, each
from heroci_action.readers.format import Category, Format, xml_root
from heroci_action.readers.junit.document import Document, NoResultsError
from heroci_action.readers.xml import listen
from heroci_action.repository.paths import PathResolver


def read_junit(source: Source, tree: PathResolver) -> Readings:
    """Return the tests of a file. Raises BrokenReportError, which keeps the tests before the defect.

    A broken document is read again and parsed in full, so that the error states the right line.
    """
    try:
        return _read(source, tree)
    except NoResultsError:
        return Readings(warnings=(f"{source.path}: a summary without results",))
    except BrokenReportError:
        return _read(source, tree, parse_all=True)


def _read(source: Source, tree: PathResolver, *, parse_all: bool = False) -> Readings:
    return listen(source, lambda parser: Document(parser, source, tree, parse_all=parse_all))


FORMAT = Format(
    kind=JUNIT,
    title="JUnit XML",
    category=Category.TESTS,
    recognize=xml_root("testsuites", "testsuite"),
    read=each(read_junit),
)
