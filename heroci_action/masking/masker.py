"""Mask secret values in text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain

from heroci_action.masking.disguises import (
    CUT_MIN,
    Span,
    Undisguised,
    head_spans,
    joined_spans,
    may_be_disguised,
    tail_spans,
)
from heroci_action.masking.escapes import WORD, escaped_pattern
from heroci_action.masking.forms import (
    MIN_LENGTH,
    base64_forms,
    forms_of,
    lines_of,
    values_of,
)

MASK = "***"


class Masker:
    """Replaces secrets in text by `***`; if two of them overlap, both are hidden completely."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(dict.fromkeys(secrets))

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """Every form of every secret, without duplicates."""
        return tuple({form for secret in self._secrets for form in forms_of(secret)})

    @property
    def values(self) -> tuple[str, ...]:
        """The plain lines of the secrets, for other programs that mask line by line."""
        return tuple(
            dict.fromkeys(line for secret in self._secrets for line in lines_of(secret) if line)
        )

    @cached_property
    def longest(self) -> int:
        """The length of the longest form."""
        return max(map(len, self.forms), default=0)

    def mask(self, text: str) -> str:
        """Return the text without secrets, also those with colours, invisible characters or line breaks inside."""
        if not self._secrets or len(text) < MIN_LENGTH:
            return text
        return _replace(text, joined_spans([*self.spans(text), *self._disguised(text)]))

    def _disguised(self, text: str) -> list[Span]:
        if not may_be_disguised(text):
            return []
        plain = Undisguised(text)
        return list(map(plain.original, self.spans(plain.text))) if plain else []

    def reveals(self, text: str) -> bool:
        """Return whether the text contains a secret."""
        return any(True for _ in chain(self._found(text), self._matches(text)))

    @cached_property
    def _forms_by_word(self) -> Mapping[str, list[str]]:
        """The forms by their longest word, which most escaped forms of a secret share: most texts do not contain it."""
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for form in self.forms:
            groups[_longest_word(form)].append(form)
        return groups

    def _found(self, text: str) -> Iterator[str]:
        for word, forms in self._forms_by_word.items():
            if word in text:
                yield from (form for form in forms if form in text)

    @cached_property
    def _patterns(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """Patterns for escaped values, each with a word that every text with such a value contains."""
        values = dict.fromkeys(value for secret in self._secrets for value in values_of(secret))
        patterns = ((_longest_word(value), escaped_pattern(value)) for value in values)
        return tuple((word, pattern) for word, pattern in patterns if pattern)

    def _matches(self, text: str) -> Iterator[re.Match[str]]:
        for word, pattern in self._patterns:
            if word in text:
                yield from pattern.finditer(text)

    @cached_property
    def _wrapped(self) -> Mapping[str, tuple[str, str]]:
        """The encoded forms that a line break may cut, with their heads and tails."""
        forms = (form for secret in self._secrets for form in base64_forms(secret))
        return {
            form: (form[:CUT_MIN], form[-CUT_MIN:]) for form in forms if len(form) >= 2 * CUT_MIN
        }

    def _cut(self, text: str) -> Iterator[Span]:
        for form, (head, tail) in self._wrapped.items():
            if head in text:
                yield from head_spans(form, text)
            if tail in text:
                yield from tail_spans(form, text)

    def spans(self, text: str) -> list[Span]:
        """Return the places to hide, overlapping and touching ones joined."""
        places = [span for form in self._found(text) for span in _occurrences(form, text)]
        places += (match.span() for match in self._matches(text))
        places += self._cut(text)
        return joined_spans(places)


def _replace(text: str, spans: list[Span]) -> str:
    if not spans:
        return text
    parts, end = [], 0
    for start, stop in spans:
        parts += [text[end:start], MASK]
        end = stop
    return "".join([*parts, text[end:]])


def _occurrences(form: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of a form; between two that overlap, others may be left out, because nothing of them remains."""
    backwards = form[::-1]
    start = text.find(form)
    while start >= 0:
        yield start, start + len(form)
        following = text.find(form, start + 1)
        if following <= start + len(form):
            # Skipping to the last place that touches this one keeps the time linear for a form such as "{{{{".
            touching = text[start + 1 : start + 2 * len(form)]
            last = touching[::-1].find(backwards)
            following = start + 1 + len(touching) - last - len(form) if last >= 0 else following
        start = following


def _longest_word(form: str) -> str:
    return max(WORD.findall(form), key=len, default="")
