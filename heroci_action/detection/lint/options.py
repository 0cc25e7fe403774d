"""The options of lint tools: with a value, for reporting, and those with paths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from heroci_action.detection.ci.records import UNKNOWN

# Options that control reporting or change files; HeroCI sets its own.
_REPORTING = re.compile(
    r"--(check(-only)?|diff|quiet|verbose|(no-)?color|(no-)?fix|exit-non-zero-on-fix|fix-only|show-fixes|statistics|"
    r"count|(no-)?show-source|benchmark|tee|version-check|filter-files|atomic|interactive|unsafe-fixes|"
    r"show-files|recursive|pretty|no-pretty|show-column-numbers|(no-)?color-output|(no-)?error-summary|"
    r"(show|hide)-error-context|show-error-codes|no-cache|"
    r"install-types|non-interactive|exit-zero|force-exclude)|--(output-format|format|output-file|workers|jobs|"
    r"junit-xml|recursive|score|reports|cache-dir)=.*|-(c|q|v|vv|vb|rc|df|ns|y|rn|sn)"
)
# `--output-format`, `-j`
_REPORTING_WITH_VALUE = re.compile(
    r"--(output-format|format|output-file|workers|jobs|junit-xml|msg-template|cache-dir|reports|score)|-[Wjfr]"
)
# `--exclude`, `-l`
_WITH_VALUE = re.compile(
    r"--((extend-|force-)?exclude|include|filename|src|project|required-version|enable-extensions|target-version|"
    r"(max-)?line-(length|width)|max-complexity|max-doc-length|(extend-)?(select|ignore|per-file-ignores)|profile|"
    r"(extend-)?skip(-glob)?|sg|known-(first|third)-party|multi-line|disable|enable|load-plugins|"
    r"django-settings-module|"
    r"python-version|fail-under|ignore-paths|ignore-patterns|package|module|platform|stubs)|-[ltwmposkdepi]"
)
# `--exclude=client/templates/`
EXCLUDING = re.compile(r"--(extend-)?exclude")
# `--config`
PLACES = re.compile(
    r"--(config|config-file|settings-path|settings-file|settings|sp|append-config|rcfile)"
)
_VALUED = (_REPORTING_WITH_VALUE, PLACES, _WITH_VALUE)


def with_values(words: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Yield each word, with the next one if that is its value."""
    pending = iter(words)
    for word in pending:
        takes_value = any(form.fullmatch(word) for form in _VALUED)
        yield word, next(pending, "") if takes_value else None


def is_dropped(word: str, value: str | None) -> bool:
    """Return whether HeroCI leaves a word out: an option for reports, an unknown part, or the whole directory."""
    reporting = _REPORTING.fullmatch(word) or _REPORTING_WITH_VALUE.fullmatch(word)
    unknown = UNKNOWN in word or UNKNOWN in (value or "")
    return bool(reporting) or unknown or word in {"-", "--", ".", "./"}
