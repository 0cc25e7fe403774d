"""Command lines are split into words, and calls into their options and the rest."""

from __future__ import annotations

import pytest

from heroci_action.detection.ci.command_line import Options, split_at_dashes, split_words

VALUED = frozenset({"-n", "--name"})


@pytest.mark.parametrize(
    "words", [("-n", "4"), ("-n4",), ("-n=4",), ("--name", "4"), ("--name=4",)], ids="_".join
)
def test_the_value_of_an_option_is_the_next_word_or_a_part_of_its_own(
    words: tuple[str, ...],
) -> None:
    options = Options.split(("-q", *words, "tests"), VALUED)
    assert options.value("-n", "--name") == "4"
    assert options.words == ("tests",)
    assert options.has("-q")


def test_an_option_without_a_value_does_not_take_the_next_word() -> None:
    assert Options.split(("-q", "tests"), VALUED).words == ("tests",)


@pytest.mark.parametrize("words", [("-qdn", "4"), ("-qdn4",), ("-qdn=4",)], ids="_".join)
def test_short_options_in_one_word_end_at_the_one_with_a_value(words: tuple[str, ...]) -> None:
    options = Options.split((*words, "tests"), VALUED)
    assert options.named == (("-qd", ""), ("-n", "4"))
    assert options.words == ("tests",)


def test_short_options_without_a_value_stay_together() -> None:
    assert Options.split(("-it", "name"), VALUED).named == (("-it", ""),)
    assert Options.split(("--pin", "name"), VALUED).named == (("--pin", ""),)


def test_an_option_with_an_optional_number_takes_nothing_else() -> None:
    words = ("-j", "4", "-j", "test", "-j", "-n", "1", "-j")
    options = Options.split(words, VALUED, numbered={"-j"})
    assert options.values("-j") == ("4", "", "", "")
    assert options.value("-n") == "1"
    assert options.words == ("test",)


def test_a_repeated_option_keeps_every_value_and_the_last_one_counts() -> None:
    options = Options.split(("-n", "1", "--name=2"), VALUED)
    assert options.values("-n", "--name") == ("1", "2")
    assert options.value("-n", "--name") == "2"


def test_leading_options_end_at_the_first_other_word() -> None:
    options = Options.lead(("-n", "4", "pytest", "-q"), VALUED)
    assert options.words == ("pytest", "-q")
    assert not options.has("-q")


def test_leading_options_end_at_two_dashes_and_at_an_option_that_is_the_last_one() -> None:
    assert Options.lead(("-q", "--", "-x")).words == ("-x",)
    assert Options.lead(("-n", "pytest", "-q"), VALUED, last=("-n",)).words == ("-q",)


def test_words_behind_two_dashes_are_passed_on() -> None:
    assert split_at_dashes(("-e", "py", "--", "-k", "shop")) == (("-e", "py"), ("-k", "shop"))
    assert split_at_dashes(("-e", "py")) == (("-e", "py"), ())


def test_a_line_whose_quotes_do_not_match_is_split_at_blanks() -> None:
    assert split_words("-e 'A=b") == ["-e", "'A=b"]
    assert split_words("-e 'A=b c'") == ["-e", "A=b c"]
