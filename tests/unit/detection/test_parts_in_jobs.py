"""Parts of the suite in several jobs: `--exclude-tag browser` in one, `--tag browser` in another."""

from __future__ import annotations

from pathlib import Path

from tests.unit.detection.projects import django, loaded

CIRCLECI = """
version: 2.1
orbs: {browser-tools: circleci/browser-tools@1.5.1, slack: circleci/slack@4, vault: shop/vault@1}
jobs:
  test:
    docker: [{image: cimg/python:3.12}]
    steps:
      - checkout
      - browser-tools/install-firefox
      - browser-tools/install-geckodriver
      - slack/notify: {event: fail}
      - run: mkdir -p staticfiles
      - run: python manage.py test --exclude-tag=a11y
  accessibility:
    docker: [{image: cimg/python:3.12}]
    steps:
      - checkout
      - browser-tools/install-chrome
      - vault/read
      - run: npm install
      - run: python manage.py test --tag=a11y
"""
FILES = {**django(), ".circleci/config.yml": CIRCLECI, "package.json": "{}"}


def test_each_part_has_the_preparation_of_its_job(tmp_path: Path) -> None:
    tests = loaded(tmp_path, FILES).config.tests
    assert tests.args == (("--exclude-tag=a11y",), ("--tag=a11y",))
    assert [step.run for step in tests.before] == ["mkdir -p staticfiles", "npm install"]


def test_the_browsers_of_an_orb_are_packages_and_its_other_commands_are_left_out(
    tmp_path: Path,
) -> None:
    found = loaded(tmp_path, FILES)
    assert found.config.apt == ("nodejs", "npm", "firefox-esr", "chromium")
    lines = {line.line for line in found.facts.left_out if "orbs" in line.reason}
    assert lines == {"browser-tools/install-geckodriver", "vault/read"}
