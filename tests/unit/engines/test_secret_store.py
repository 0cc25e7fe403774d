"""Secrets do not leave an engine: in no encoding, through colours, and across the pieces of a long line."""

from __future__ import annotations

import base64
import html
import json
import shlex

import pytest

from heroci_action.engines.base import Stream
from heroci_action.engines.lines import LONGEST_LINE, LineSplitter
from heroci_action.engines.secret_store import MaskedSink, SecretStore, declared_secrets
from heroci_action.plan.actions import Command
from heroci_action.plan.stages import Plan, Stage, Step

SECRET = "s3c/Val+ue w\"q&Z<x>'9pLm"  # noqa: S105  looks different in each encoding
KEY = "-----BEGIN KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 4


def printed(*lines: str, secret: str = SECRET) -> str:
    seen: list[str] = []
    sink = MaskedSink(lambda _, line: seen.append(line), SecretStore(lambda _: None, secret))
    for line in lines:
        sink(Stream.STDOUT, line)
    sink.flush()
    return "\n".join(seen)


@pytest.mark.parametrize(
    "form",
    [
        html.escape(SECRET),
        html.escape(SECRET, quote=False),
        json.dumps(SECRET)[1:-1],
        json.dumps(json.dumps(SECRET))[1:-1],
        html.escape(repr(SECRET)[1:-1]),
        shlex.quote(SECRET)[1:-1],
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
        "\x1b[1m".join(SECRET),
    ],
)
def test_every_form_is_masked(form: str) -> None:
    assert "***" in printed(f"before {form} after")


@pytest.mark.parametrize("width", [64, 76])
def test_wrapped_base64_is_masked_line_by_line(width: int) -> None:
    encoded = base64.b64encode(KEY.encode()).decode()
    lines = [encoded[start : start + width] for start in range(0, len(encoded), width)]
    assert set(printed(*lines[:-1], secret=KEY).splitlines()) == {"***"}


def test_colours_without_a_secret_are_kept() -> None:
    assert printed("\x1b[1mbold\x1b[0m") == "\x1b[1mbold\x1b[0m"


@pytest.mark.parametrize("before", range(LONGEST_LINE - len(SECRET) - 1, LONGEST_LINE + 2))
def test_secret_on_the_border_of_two_pieces_is_masked(before: int) -> None:
    splitter = LineSplitter()
    lines = splitter.feed(f"{'x' * before}{SECRET}{'y' * 100}\n".encode())
    assert printed(*lines).replace("\n", "") == f"{'x' * before}***{'y' * 100}"


def test_line_of_exactly_the_longest_length_is_not_joined_with_the_next() -> None:
    splitter = LineSplitter()
    lines = splitter.feed(f"{'x' * LONGEST_LINE}\nnext\n".encode())
    assert printed(*lines).endswith("x\nnext")


@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [
        ("PLAIN_PIN", "918273645546372819", True),
        ("API_TOKEN", "short", True),
        ("CI_FLAG", "true", False),
        ("GITHUB_SHA", "0123456789abcdef0123", False),
        ("GITHUB_TOKEN", "ghs_0123456789", True),
        ("RELEASE", "2026-11-27-nightly", False),
    ],
)
def test_values_of_the_caller_are_secret_unless_they_are_public(
    name: str, value: str, is_secret: bool
) -> None:
    step = Step(name="a", action=Command(line=f"echo {{env.{name}}}"))
    plan = Plan(
        project="shop", stages=(Stage(name="a", steps=(step,)),), public_variables=("RELEASE",)
    )
    assert (value in declared_secrets(plan, {name: value})) is is_secret


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("amqp://shop:pa55%2Fword@mq:5672/v", "pa55/word"),
        ("postgres://shop:pa55word@db/shop", "pa55word"),
        ("Server=db;Password=pa55word;User=shop", "pa55word"),
        ("host=db password=pa55word dbname=shop", "pa55word"),
        ('{"user": "shop", "auth": {"api_key": "pa55word"}}', "pa55word"),
    ],
)
def test_a_secret_inside_a_secret_is_masked_on_its_own(value: str, part: str) -> None:
    assert SecretStore(lambda _: None, value).mask(f"using {part}!") == "using ***!"


@pytest.mark.parametrize(
    "value",
    ["postgres://postgres:postgres@db/shop", "Server=db;Password=abc", '{"key": 1}', "{" * 5_000],
)
def test_words_of_a_secret_that_are_no_secrets_stay(value: str) -> None:
    assert SecretStore(lambda _: None, value).mask("postgres abc db 1") == "postgres abc db 1"
