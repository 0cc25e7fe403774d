"""Builds by the daemon's BuildKit, without buildx; where buildx is there, it is the measure of what is sent."""

from __future__ import annotations

import io
import secrets
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from heroci_action.engines.base import Stream
from heroci_action.engines.host.build_context import DOCKERFILE, Build, pack
from heroci_action.engines.host.buildkit import build, fields
from heroci_action.errors import EngineError
from tests.integration.docker_daemon import needs_docker


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


pytestmark = [pytest.mark.docker, needs_docker]


@pytest.fixture
def tag() -> Iterator[str]:
    tag = f"heroci-buildkit-test:{secrets.token_hex(4)}"
    yield tag
    docker("image", "rm", "-f", tag)


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def built(context: Path, tag: str, **options: object) -> tuple[int, list[str]]:
    """The exit code of a build, and what it told."""
    lines: list[str] = []
    wanted = Build(
        dockerfile=context / "Dockerfile",
        context=context,
        tag=tag,
        label="heroci-test=1",
        **options,  # type: ignore[arg-type]
    )

    def sink(_stream: Stream, line: str) -> None:
        lines.append(line)

    async def run() -> int:
        return await build(wanted, sink, host=None)

    return anyio.run(run), lines


def inspected(tag: str, template: str) -> str:
    return docker("image", "inspect", "--format", template, tag).stdout.strip()


def test_an_image_is_built_and_told_line_by_line(tmp_path: Path, tag: str) -> None:
    write(
        tmp_path,
        Dockerfile="FROM scratch AS first\nARG WHO\nCOPY a.txt /$WHO/\n"
        "FROM scratch AS second\nCOPY b.txt /\n",
    )
    write(tmp_path, **{"a.txt": "a", "b.txt": "b"})

    code, lines = built(tmp_path, tag, target="first", arguments={"WHO": "me"})

    assert code == 0, lines
    assert any("COPY a.txt /me/" in line for line in lines)
    assert not any("b.txt" in line for line in lines)
    assert inspected(tag, '{{index .Config.Labels "heroci-test"}}') == "1"


def test_the_second_build_comes_from_the_cache_unless_it_must_not(tmp_path: Path, tag: str) -> None:
    unique = secrets.token_hex(8)
    write(tmp_path, Dockerfile=f"FROM python:3.13-slim\nRUN echo {unique} > /x\n")

    def cached(*, fresh: bool) -> bool:
        code, lines = built(tmp_path, tag, fresh=fresh)
        assert code == 0, lines
        (number,) = [line.split()[0] for line in lines if f"RUN echo {unique}" in line]
        return f"{number} CACHED" in lines

    assert [cached(fresh=False), cached(fresh=False), cached(fresh=True)] == [False, True, False]


def test_buildkits_own_syntax_works(tmp_path: Path, tag: str) -> None:
    write(
        tmp_path,
        Dockerfile="FROM python:3.13-slim\n"
        "RUN --mount=type=cache,target=/c echo told && echo $0 > /c/x && cp /c/x /x\n",
    )
    code, lines = built(tmp_path, tag, fresh=True)
    assert code == 0, lines
    assert any(line.endswith(" told") for line in lines)


@pytest.mark.parametrize(
    ("dockerfile", "words"),
    [
        ("FROM scratch\nCOPY missing /\n", "missing"),
        ("FROM python:3.13-slim\nRUN echo why >&2; exit 7\n", "exit code: 7"),
        ("NONSENSE\n", "NONSENSE"),
    ],
)
def test_a_build_that_fails_says_why(tmp_path: Path, tag: str, dockerfile: str, words: str) -> None:
    code, lines = built(write(tmp_path, Dockerfile=dockerfile), tag)

    assert code == 1
    assert any(words in line for line in lines), lines


def test_a_missing_dockerfile_is_a_failed_build(tmp_path: Path, tag: str) -> None:
    code, lines = built(tmp_path, tag)
    assert code == 1
    assert any("No such file" in line for line in lines)


def test_a_cancelled_build_ends(tmp_path: Path, tag: str) -> None:
    write(tmp_path, Dockerfile="FROM python:3.13-slim\nRUN sleep 600\n")

    async def run() -> bool:
        wanted = Build(
            dockerfile=tmp_path / "Dockerfile", context=tmp_path, tag=tag, label="l=1", fresh=True
        )
        with anyio.move_on_after(3) as limit:
            await build(wanted, lambda _stream, _line: None, host=None)
        return limit.cancelled_caught

    assert anyio.run(run)


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:1", "ssh://me@there", "unix:///no/such/socket"])
def test_a_daemon_out_of_reach_is_the_engines_error(tmp_path: Path, tag: str, host: str) -> None:
    write(tmp_path, Dockerfile="FROM scratch\n")

    async def run() -> int:
        wanted = Build(dockerfile=tmp_path / "Dockerfile", context=tmp_path, tag=tag, label="l=1")
        return await build(wanted, lambda _stream, _line: None, host=host)

    with pytest.raises(EngineError):
        anyio.run(run)


# What is sent

FILES = (
    "keep.txt",
    "drop.txt",
    "a/keep.txt",
    "a/drop.txt",
    "a/b/drop.txt",
    "a/b/c.md",
    "README.md",
    "docs/x.md",
    "docs/y.txt",
    "node_modules/m/index.js",
    "deep/node_modules/m.js",
    ".git/config",
    ".env",
    "x[1].txt",
    "x1.txt",
)


@pytest.mark.parametrize(
    "ignore",
    [
        "",
        "drop.txt",
        "**/drop.txt",
        "*/drop.txt",
        "a",
        "/a/",
        "a/*\n!a/keep.txt",
        "*\n!keep.txt\n!docs\ndocs/*.md",
        "*.md\n!README.md\nREAD*",
        "**/node_modules\n.git\n.env",
        "# a comment\n\n  keep.txt  \n",
        "**\n!a/b",
        "a/**/drop.txt",
        "?eep.txt",
        "x[0-9].txt",
        "x\\[1].txt",
        "!keep.txt\nkeep.txt",
        "./a/../keep.txt",
        "**/*.txt\n!**/keep.txt",
        "docs/\n!docs/x.md",
    ],
)
def test_the_context_is_what_buildx_makes_of_it(tmp_path: Path, ignore: str) -> None:
    if docker("buildx", "version").returncode:
        pytest.skip("there is no buildx to compare with; install docker-buildx")
    context = tmp_path / "context"
    write(context, **dict.fromkeys(FILES, "text"))
    write(context, Dockerfile="FROM scratch\nCOPY . /\n", **{".dockerignore": ignore})
    out = tmp_path / "out"

    done = docker("buildx", "build", "-q", "--output", f"type=local,dest={out}", str(context))

    theirs = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert done.returncode == 0 or not theirs, done.stderr
    # A build gets its Dockerfile whatever is ignored.
    assert packed(context) - {"Dockerfile"} == theirs - {"Dockerfile"}


def packed(context: Path, dockerfile: str = "Dockerfile") -> set[str]:
    """The names of the files that are sent."""
    content = io.BytesIO()
    pack(context, context / dockerfile, content)
    content.seek(0)
    with tarfile.open(fileobj=content) as tar:
        return {member.name for member in tar if not member.isdir()}


def test_a_dockerfile_from_elsewhere_comes_along_with_its_own_rules(tmp_path: Path) -> None:
    context = write(tmp_path / "context", **{"a.txt": "", "b.txt": "", ".dockerignore": "a.txt"})
    write(tmp_path, **{"my.Dockerfile": "FROM scratch", "my.Dockerfile.dockerignore": "b.txt"})

    assert packed(context, "../my.Dockerfile") == {DOCKERFILE, "a.txt", ".dockerignore"}


def test_links_and_sockets_and_modes(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="", run="#!/bin/sh")
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "link").symlink_to("nowhere")
    content = io.BytesIO()
    pack(tmp_path, tmp_path / "Dockerfile", content)
    content.seek(0)
    with tarfile.open(fileobj=content) as tar:
        assert tar.getmember("run").mode & 0o777 == 0o755
        assert tar.getmember("link").linkname == "nowhere"
        assert {member.uid for member in tar} == {0}


def test_messages_are_read_field_by_field() -> None:
    message = b"\x08\x96\x01" + b"\x12\x02hi" + b"\x1d\x01\x02\x03\x04" + b"\x21" + bytes(8)
    assert list(fields(message)) == [(1, 150), (2, b"hi"), (3, b"\x01\x02\x03\x04"), (4, bytes(8))]
