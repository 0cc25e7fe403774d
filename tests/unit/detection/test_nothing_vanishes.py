"""Each command line of the suite's job is in the plan, or among the lines that it leaves out, or in a warning."""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.detection.ci.trees import workflow
from tests.unit.detection.projects import django, loaded

TEST = "python manage.py test"
MARK = "zq{}x"
# Lines of many kinds, each with a place for a name that is nowhere else.
LEAVES = (
    "pip install {}", "sudo apt-get install -y {}", "{} --make all", "./bin/{} --make", "python manage.py {}",
    "python manage.py collectstatic --{}", "python manage.py migrate --{}", "python tools/{}.py",
    "curl -O https://shop.example/{}.tgz", "docker run -d --name {} acme/{}:1", "createdb {}", "npm run {}",
    "npx {} build", "make {}", "flake8 {}", "black --check {}", "mypy {}", "pytest tests/{}", "{} pytest tests",
    "echo a > {}.txt", "cp settings.example {}.py", "sed -i s/a/{}/ mysite/settings.py", "sudo service {} start",
    "git clone https://shop.example/{}", "coverage report --{}", "celery -A {} worker", "behave features/{}",
    "node {}.js", "tox -e {}", "docker compose up -d {}", "docker compose run {} build",
)  # fmt: skip
# Statements around a line. The value of `X=$(…)` is no line of its own.
STATEMENTS: dict[str, Callable[[str], str]] = {
    "alone": lambda line: line,
    "if": lambda line: f'if [ "$A" = "$(date)" ]; then {line}; fi',
    "else": lambda line: f"if foo; then true; else {line}; fi",
    "condition": lambda line: f"if {line}; then echo ok; fi",
    "negated condition": lambda line: f"if ! {line}; then exit 1; fi",
    "subshell": lambda line: f"( {line} )",
    "group": lambda line: f"{{ {line}; }}",
    "may fail": lambda line: f"{line} || true",
    "gives up": lambda line: f"{line} || {{ echo failed; exit 1; }}",
    "or": lambda line: f"foo || {line}",
    "and": lambda line: f"mkdir -p q && cd q && {line} && cd ..",
    "asked": lambda line: f'[[ -n "$(date)" ]] && {line}',
    "for": lambda line: f"for i in a b; do {line}; done",
    "counting": lambda line: f"for ((i = 0; i < 3; i++)); do {line}; done",
    "while": lambda line: f"while {line}; do sleep 1; done",
    "until": lambda line: f"until {line}; do sleep 1; done",
    "forever": lambda line: f"while true; do {line}; break; done",
    "case": lambda line: f'case "$(date)" in a) {line};; *) true;; esac',
    "function": lambda line: f"{{ f() {{ {line}; }}; f; }}",
    "time": lambda line: f"time {line}",
    "not": lambda line: f"! {line}",
    "pipe": lambda line: f"{line} | tee log.txt",
    "reads": lambda line: f"yes | {line}",
    "quiet": lambda line: f"{line} > /dev/null 2>&1",
    "variable": lambda line: f"A=1 {line}",
    "sh -c": lambda line: f"sh -c {shlex.quote(line)}",
    "eval": lambda line: f"eval {shlex.quote(line)}",
    "trap": lambda line: f"trap {shlex.quote(line)} EXIT",
    "heredoc": lambda line: f"bash <<EOF\n{line}\nEOF",
    "cat": lambda line: f"cat <<EOF | sh\n{line}\nEOF",
    "printed": lambda line: f'echo "$({line})"',
    "background": lambda line: f"{line} &",
    "exec": lambda line: f"exec {line}",
    "xargs": lambda line: f"ls | xargs {line}",
    "file": lambda line: f"{line} < in.txt",
}
# A statement as the line of another one; these end with a line of their own, or take a program only.
NESTED = sorted(
    {*STATEMENTS} - {"heredoc", "cat", "background", "xargs", "time", "variable", "exec", "printed"}
)
FILES = {
    **django(),
    "settings.example": "",
    "compose.yml": "services: {}\n",
    "requirements.txt": "django\n",
    "tests/test_a.py": "",
    "Makefile": "all:\n\techo\n",
    "package.json": "{}",
}


def vanished(root: Path, ci: dict[str, str], marks: Iterable[str]) -> list[str]:
    """Return the names that occur neither in the plan nor in what it leaves out."""
    found = loaded(root, {**FILES, **ci})
    shown = repr((found.config, found.facts, found.warnings))
    return [mark for mark in marks if mark not in shown]


def marked(lines: Iterable[str]) -> dict[str, str]:
    """Return lines by the names that are put into them."""
    marks = {MARK.format(number): line for number, line in enumerate(lines)}
    return {mark: line.replace("{}", mark) for mark, line in marks.items()}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_line_in_any_statement_is_shown(tmp_path: Path, name: str) -> None:
    lines = marked(LEAVES)
    steps = [{"run": STATEMENTS[name](line)} for line in lines.values()]
    ci = {"on": "push", "jobs": {"test": {"steps": [*steps, {"run": TEST}]}}}
    assert vanished(tmp_path, {".github/workflows/ci.yml": json.dumps(ci)}, lines) == []


def test_lines_after_the_tests_are_shown(tmp_path: Path) -> None:
    lines = marked(LEAVES)
    assert vanished(tmp_path, workflow(TEST, *lines.values()), lines) == []


def yaml(value: object) -> str:
    return json.dumps(value)


IN_PYTHON = {"image": "python:3.13"}
# The files of other places for lines before the tests.
PLACES: dict[str, Callable[[list[str]], dict[str, str]]] = {
    "script": lambda lines: {**workflow("./ci.sh", TEST), "ci.sh": "#!/bin/bash\n" + "\n".join(lines)},
    "make": lambda lines: {
        **workflow("make ci"),
        "Makefile": "".join(["ci:\n", *(f"\t{line}\n" for line in [*lines, TEST])]),
    },
    "tox": lambda lines: {
        **workflow("tox"),
        "tox.ini": "\n    ".join(["[testenv]\ncommands_pre =", *lines, f"\ncommands = {TEST}\n"]),
    },
    "npm": lambda lines: {
        **workflow("npm run ci"),
        "package.json": yaml({"scripts": {"ci": " && ".join([*lines, TEST])}}),
    },
    "composite action": lambda lines: {
        ".github/workflows/ci.yml": yaml(
            {"on": "push", "jobs": {"test": {"steps": [{"uses": "./ci"}, {"run": TEST}]}}}
        ),
        "ci/action.yml": yaml(
            {"runs": {"using": "composite", "steps": [{"run": line, "shell": "bash"} for line in lines]}}
        ),
    },
    "gitlab before": lambda lines: {
        ".gitlab-ci.yml": yaml({"before_script": lines, "test": {**IN_PYTHON, "script": [TEST]}})
    },
    "gitlab after": lambda lines: {
        ".gitlab-ci.yml": yaml({"test": {**IN_PYTHON, "script": [TEST], "after_script": lines}})
    },
    "travis": lambda lines: {
        ".travis.yml": yaml({"language": "python", "before_script": lines, "script": TEST})
    },
    "travis after": lambda lines: {
        ".travis.yml": yaml({"language": "python", "script": TEST, "after_success": lines})
    },
    "circleci": lambda lines: {
        ".circleci/config.yml": yaml(
            {
                "version": 2.1,
                "jobs": {"t": {"docker": [IN_PYTHON], "steps": [{"run": each} for each in [*lines, TEST]]}},
                "workflows": {"main": {"jobs": ["t"]}},
            }
        )
    },
    "azure": lambda lines: {
        "azure-pipelines.yml": yaml({"steps": [{"script": line} for line in [*lines, TEST]]})
    },
    "bitbucket": lambda lines: {
        "bitbucket-pipelines.yml": yaml(
            {**IN_PYTHON, "pipelines": {"default": [{"step": {"script": [*lines, TEST]}}]}}
        )
    },
    "drone": lambda lines: {
        ".drone.yml": yaml({"kind": "pipeline", "steps": [{**IN_PYTHON, "commands": [*lines, TEST]}]})
    },
    "cirrus": lambda lines: {
        ".cirrus.yml": yaml({"test_task": {"prepare_script": lines, "test_script": TEST}})
    },
    "container": lambda lines: {
        **workflow("docker compose run web ./ci.sh"),
        "compose.yml": "services: {web: {build: ., volumes: ['.:/app']}}\n",
        "Dockerfile": "FROM python:3.13\nWORKDIR /app\n",
        "ci.sh": "\n".join(["#!/bin/bash", *lines, TEST]),
    },
    "entry point": lambda lines: {
        **workflow(f"docker compose run web {TEST}"),
        "compose.yml": "services: {web: {build: ., entrypoint: ./entry.sh, volumes: ['.:/app']}}\n",
        "Dockerfile": "FROM python:3.13\nWORKDIR /app\n",
        "entry.sh": "\n".join(["#!/bin/bash", *lines, 'exec "$@"']),
    },
}  # fmt: skip


# Tox calls itself, and tests in an entry point are not those of its container.
_OTHERS = {"tox": "tox", "entry point": "pytest"}


@pytest.mark.parametrize("name", PLACES)
def test_a_line_in_any_place_is_shown(tmp_path: Path, name: str) -> None:
    lines = marked(leaf for leaf in LEAVES if _OTHERS.get(name, "no line") not in leaf)
    assert vanished(tmp_path, PLACES[name](list(lines.values())), lines) == []


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.sampled_from(LEAVES), st.sampled_from(sorted(STATEMENTS)), st.sampled_from(NESTED)),
        min_size=1,
        max_size=6,
    )
)  # fmt: skip
def test_a_line_in_statements_in_each_other_is_shown(job: list[tuple[str, str, str]]) -> None:
    lines = marked(leaf for leaf, _, _ in job)
    written = [
        STATEMENTS[outer](STATEMENTS[inner](line))
        for line, (_, outer, inner) in zip(lines.values(), job, strict=True)
    ]
    steps = [{"run": text} for text in [*written, TEST]]
    ci = yaml({"on": "push", "jobs": {"test": {"steps": steps}}})
    with tempfile.TemporaryDirectory() as root:
        assert vanished(Path(root), {".github/workflows/ci.yml": ci}, lines) == [], written


@pytest.mark.parametrize("nothing", ["", "~", "null", "[]", "[~]"])
def test_a_phase_without_lines_leaves_nothing_out(tmp_path: Path, nothing: str) -> None:
    text = f"test: {{script: [{TEST}], after_script: {nothing}}}\n"
    assert loaded(tmp_path, {**django(), ".gitlab-ci.yml": text}).facts.left_out == ()


def test_what_honcho_runs_is_no_service(tmp_path: Path) -> None:
    line = "honcho run -e ci.env python manage.py collectstatic --noinput"
    found = loaded(tmp_path, {**django(), **workflow("honcho start", line, TEST)})
    assert any("collectstatic" in str(step.run) for step in found.config.tests.before)
    assert [each.line for each in found.facts.left_out] == ["honcho start"]
