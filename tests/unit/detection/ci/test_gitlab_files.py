"""Files that one job of GitLab's CI makes for another: artifacts that it asks for, and a cache that it only reads."""

from __future__ import annotations

import pytest

from tests.unit.detection.ci.trees import ci_of, shown

ASSETS = "{stage: build, script: [npm ci, npm run build], artifacts: {paths: [static/dist]}}"
RUN = "python manage.py test"


def suite_with(tests: str, assets: str = ASSETS, more: str = "") -> list[str]:
    """Return the commands of the suite's job, whose keys are `tests`."""
    job = f"tests: {{stage: test, script: [{RUN}], {tests}}}"
    config = f"variables: {{MODE: a}}\nassets: {assets}\n{more}\n{job}\n"
    ci = ci_of({".gitlab-ci.yml": config, "manage.py": "", "package.json": "{}"})
    assert ci.suite is not None
    return shown(list(ci.suite.job.commands))


@pytest.mark.parametrize(
    ("tests", "gets"),
    [
        ("needs: [assets]", True),
        ("needs: [{job: assets, artifacts: true}]", True),
        ("needs: [{job: assets}], dependencies: [assets]", True),
        ("dependencies: [assets]", True),
        ("needs: [{job: assets, artifacts: false}]", False),
        ("needs: [assets], dependencies: []", False),
        ("needs: [{project: a/b, job: assets, ref: main}]", False),
        ("needs: [assets-of-another-file]", False),
        ("needs: []", False),
    ],
)
def test_the_lines_that_make_the_artifacts_of_a_needed_job_come_first(
    tests: str, gets: bool
) -> None:
    assert suite_with(tests) == [*(["npm ci", "npm run build"] if gets else []), RUN]


@pytest.mark.parametrize(
    "assets",
    [
        "{script: [npm run build]}",
        "{script: [npm run lint], artifacts: {reports: {codequality: lint.json}}}",
        "{script: [npm run build], when: manual, artifacts: {paths: [static]}}",
        "{script: [pytest shop], artifacts: {paths: [htmlcov]}}",
    ],
)
def test_a_job_that_leaves_no_files_for_the_tests_is_not_a_part_of_them(assets: str) -> None:
    job = "{stage: test, script: [npm run build], artifacts: {paths: [static]}}"
    assert suite_with("needs: [assets, theme]", assets, f"theme: {job}") == ["npm run build", RUN]


def test_the_lines_of_earlier_jobs_that_hand_over_files_come_in_their_order() -> None:
    assets = "{needs: [modules], script: [npm run build], artifacts: {paths: [static]}}"
    modules = "modules: {script: [npm ci], artifacts: {paths: [node_modules]}}"
    assert suite_with("needs: [assets]", assets, modules) == ["npm ci", "npm run build", RUN]


@pytest.mark.parametrize(("policy", "gets"), [("pull", True), ("pull-push", False)])
def test_a_cache_that_the_tests_only_read_hands_over_files(policy: str, gets: bool) -> None:
    cache = "{key: {files: [package-lock.json]}, paths: [static/dist]"
    assets = f"{{script: [npm run build], cache: {cache}, policy: pull-push}}}}"
    found = suite_with(f"needs: [assets], cache: {cache}, policy: {policy}}}", assets)
    assert found == [*(["npm run build"] if gets else []), RUN]


def test_a_job_that_several_others_need_is_read_once() -> None:
    files = "artifacts: {paths: [static]}"
    assets = f"{{needs: [modules, theme], script: [npm run build], {files}}}"
    more = f"""theme: {{needs: [modules, assets], script: [npm run theme], {files}}}
modules: {{script: [npm ci], {files}}}"""
    found = suite_with("needs: [assets, theme]", assets, more)
    assert found == ["npm ci", "npm run theme", "npm run build", RUN]


@pytest.mark.parametrize(
    ("assets", "stages", "gets"),
    [
        ("stage: build, script: [npm run build]", "", True),
        ("stage: .pre, script: [npm run build]", "", True),
        ("script: [npm run build]", "", False),
        ("stage: deploy, script: [npm run build]", "", False),
        ("stage: deploy, script: [npm run build]", "stages: [deploy, test]", True),
        ("stage: build, script: [npm run build, flake8]", "", False),
    ],
)
def test_without_needs_the_tests_get_the_artifacts_of_all_earlier_stages(
    assets: str, stages: str, *, gets: bool
) -> None:
    found = suite_with("retry: 1", f"{{{assets}, artifacts: {{paths: [static]}}}}", stages)
    assert found == [*(["npm run build"] if gets else []), RUN]
