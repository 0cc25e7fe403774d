"""Lines whose exit code is a check are named: searches, scripts of any name, commands of Django behind the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.detection.projects import django, loaded

GIVES_UP = """
    #!/bin/sh
    for file in *.in; do
      if ! diff "$file" x; then failed="$failed $file"; fi
    done
    if [ -n "$failed" ]; then exit 1; fi
"""


def named(root: Path, files: dict[str, str]) -> str:
    found = loaded(root, {**django(), "requirements.txt": "django\n", **files})
    return "".join(text for text in found.warnings if "runs checks that the plan" in text)


def jobs(*lines: str, name: str = "check") -> dict[str, str]:
    steps = "".join(f"      - run: {line}\n" for line in lines)
    text = (
        f"on: push\njobs:\n  a: {{steps: [{{run: python manage.py test}}]}}\n"
        f"  {name}:\n    steps:\n{steps}"
    )
    return {".github/workflows/ci.yml": text}


@pytest.mark.parametrize(
    "line",
    [
        "git diff --name-only main | grep CHANGELOG.md",
        "'! git log | grep fixup'",
        "grep -q Shop README.md",
    ],
)
def test_a_search_in_a_job_for_checks_is_one(tmp_path: Path, line: str) -> None:
    text = named(tmp_path, jobs(line))
    assert f"'{line.strip(chr(39))}' (" in text
    assert text.count("ci.yml") == 1


@pytest.mark.parametrize(
    "line",
    [
        "grep -v x a.txt > b.txt",
        "./manage.py makemigrations | grep 'No changes'",
        "grep -c x a.txt || true",
        "git grep TODO | head",
        "cat dev.txt | grep black== | cut -d' ' -f1 | xargs pip install",
        "if grep -q x a.txt; then echo found; fi",
    ],
)
def test_a_search_that_may_fail_or_prints_is_none(tmp_path: Path, line: str) -> None:
    assert named(tmp_path, jobs(line)) == ""


def test_a_search_in_another_job_is_none(tmp_path: Path) -> None:
    assert named(tmp_path, jobs("grep -q x a.txt", name="announce")) == ""


def test_a_script_for_one_leg_of_a_job_for_checks_is_named(tmp_path: Path) -> None:
    text = """
on: push
jobs:
  test: {steps: [{run: python manage.py test}]}
  check:
    strategy: {matrix: {part: [style, requirements]}}
    steps:
      - {if: "${{ matrix.part == 'requirements' }}", run: ./check-requirements a b}
      - {if: "${{ matrix.part == 'style' }}", run: black --check .}
"""
    files = {"check-requirements": GIVES_UP, ".github/workflows/ci.yml": text}
    assert "'./check-requirements a b' (" in named(tmp_path, files)


@pytest.mark.parametrize(
    ("command", "warned"),
    [
        ("check_reserved_keywords --strictly", True),
        ("template_lint", True),
        ("missing_migrations", True),
        ("check", False),
        ("checkout_basket", False),
        ("publish_report", False),
    ],
)
def test_a_check_of_django_behind_the_tests_is_named(
    tmp_path: Path, command: str, warned: bool
) -> None:
    lines = f"python manage.py test\n          python manage.py {command}"
    text = f"on: push\njobs:\n  a:\n    steps:\n      - run: |\n          {lines}\n"
    found = named(tmp_path, {".github/workflows/ci.yml": text})
    assert (f"'python manage.py {command}' (" in found) is warned


STEP = """
on: push
jobs:
  a: {steps: [{run: python manage.py test}]}
  JOB:
    steps:
      - name: TITLE
        REST
        run: |
          count=$(wc -l README.md)
          if [ "$count" -gt 80 ]; then
            echo too long
            exit 1
          fi
"""


@pytest.mark.parametrize(
    ("job", "title", "rest", "warned"),
    [
        ("lint-texts", "Lengths", "", True),
        ("lint-changelog", "Lengths", "", True),
        ("texts", "Check lengths", "", True),
        ("texts", "Lengths", "", False),
        ("texts", "Check lengths", "if: failure()", False),
        ("texts", "Check lengths", "continue-on-error: true", False),
        ("deploy", "Check lengths", "", False),
    ],
)
def test_a_step_whose_script_gives_up_is_a_check(
    tmp_path: Path, job: str, title: str, rest: str, warned: bool
) -> None:
    text = STEP.replace("JOB", job).replace("TITLE", title).replace("REST", rest)
    found = named(tmp_path, {".github/workflows/ci.yml": text})
    assert (f"{title!r} (.github/workflows/ci.yml)" in found) is warned


@pytest.mark.parametrize(("first", "warned"), [("true", False), ("git clone $URL .", True)])
def test_a_job_without_the_code_that_answers_other_jobs_checks_nothing(
    tmp_path: Path, first: str, warned: bool
) -> None:
    text = f"""
on: [push, pull_request]
jobs:
  who:
    outputs: {{trusted: "${{{{ steps.check.outputs.trusted }}}}"}}
    steps:
      - run: {first}
      - id: check
        name: Check who it is
        run: |
          if [ "${{{{ github.event_name }}}}" = push ]; then
            echo trusted=true >> $GITHUB_OUTPUT
          else
            exit 1
          fi
  a: {{needs: who, if: needs.who.outputs.trusted == 'true', steps: [{{run: python manage.py test}}]}}
"""
    found = named(tmp_path, {".github/workflows/ci.yml": text})
    assert ("Check who it is" in found) is warned


@pytest.mark.parametrize(
    "line",
    [
        "flake8 . || exit 1",
        'if [ "${{ needs.a.result }}" != success ]; then exit 1; fi',
        "docker build . || exit 0",
    ],
)
def test_a_step_with_a_planned_check_or_a_sum_is_none(tmp_path: Path, line: str) -> None:
    assert named(tmp_path, jobs(repr(line))) == ""


@pytest.mark.parametrize("target", ["lint", "prepare"])
def test_a_search_that_must_find_nothing_is_a_check(tmp_path: Path, target: str) -> None:
    makefile = f"{target}:\n\t! (find . -name '*.py' | xargs grep Hidden) || exit 1\n"
    text = f"on: push\njobs: {{a: {{steps: [{{run: make {target}}}, {{run: python manage.py test}}]}}}}\n"
    found = named(tmp_path, {"Makefile": makefile, ".github/workflows/ci.yml": text})
    assert "xargs grep Hidden" in found


def test_a_negated_pipeline_before_the_tests_is_a_check(tmp_path: Path) -> None:
    lines = ("! git ls-files --eol | grep crlf", "python manage.py test")
    text = named(tmp_path, jobs(*map(repr, lines)))
    assert repr(lines[0]) in text


@pytest.mark.parametrize("line", ["bandit -r . | tee report", "bandit -r . > report 2>&1"])
def test_a_linter_that_writes_a_report_is_a_step(tmp_path: Path, line: str) -> None:
    found = loaded(tmp_path, {**django(), "requirements.txt": "django\n", **jobs(line)})
    assert "bandit" in found.config.lint
