"""The recipe for assets: on the host, in the action's container, and on Dagger."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from tests.end_to_end.action_container import action_image, given_to_the_runner, run_step
from tests.end_to_end.program import call, environment, run
from tests.end_to_end.projects import FILES, write
from tests.end_to_end.recipes import WITH_SBIN, configured
from tests.integration.dagger import reach
from tests.integration.docker_daemon import needs_docker

ASSETS: dict[str, str | None] = {
    "package.json": """
        {"name": "shop", "private": true, "devDependencies": {"esbuild": "0.25.0"},
         "scripts": {"build": "esbuild assets/app.js --minify --outfile=static/dist/app.js"}}
        """,
    "assets/app.js": "export const price = (cents) => cents / 100;\n",
    ".gitignore": "node_modules/\nstatic/dist/\n",
    "site_/settings.py": dedent(FILES["site_/settings.py"]).replace(
        '["shop"]', '["shop", "django.contrib.staticfiles"]'
    )
    + 'STATICFILES_DIRS = ["static"]\nSTATIC_URL = "static/"\n',
    "static/.keep": "",
    "shop/tests.py": """
        from django.contrib.staticfiles import finders
        from django.test import SimpleTestCase


        class AssetTests(SimpleTestCase):
            def test_script_was_built(self):
                with open(finders.find("dist/app.js")) as script:
                    self.assertIn("/100", script.read())
        """,
}


@pytest.fixture
def shop_with_assets(tmp_path: Path) -> Path:
    npm = shutil.which("npm") or pytest.skip("no npm: apt-get install nodejs npm")
    root = write(tmp_path / "shop", {**configured("Assets that Node builds"), **ASSETS})
    lock = [npm, "install", "--package-lock-only", "--no-audit", "--no-fund"]
    subprocess.run(lock, cwd=root, check=True, capture_output=True)
    return root


def test_assets_are_built_before_the_tests_that_need_them(shop_with_assets: Path) -> None:
    done = run(shop_with_assets, "--stages", "tests", env=environment(PATH=WITH_SBIN))

    assert done.exit_code == 0, done.stdout
    assert done.statuses["assets"] == "passed"
    assert [step["name"] for step in done.stage("assets")["steps"]][-1] == "outputs"


def test_an_output_that_a_stage_did_not_create_fails_it(shop_with_assets: Path) -> None:
    package = shop_with_assets / "package.json"
    package.write_text(package.read_text().replace("static/dist/app.js", "elsewhere.js"))

    done = run(shop_with_assets, "--stages", "tests", env=environment(PATH=WITH_SBIN))

    assert done.exit_code == 1
    assert done.statuses["tests"] == "skipped"
    outputs = done.step("assets", "outputs")
    assert outputs["status"] == "failed"
    assert "the stage did not create the output static/dist" in outputs["output"]


@pytest.mark.docker
@needs_docker
def test_assets_are_built_in_the_actions_container(shop_with_assets: Path, tmp_path: Path) -> None:
    given_to_the_runner(shop_with_assets)
    with action_image() as image:
        step = run_step(image, shop_with_assets, tmp_path / "t", engine="host", stages="tests")

    assert step.exit_code == 0, step.log[-6000:]
    assert (step.outputs["tests"], step.outputs["passed"]) == ("1", "1")


@pytest.mark.dagger
def test_assets_are_handed_to_the_tests_on_dagger(shop_with_assets: Path) -> None:
    reach.require()
    options = ("--engine", "dagger", "--skip", "image", "--stages", "tests")

    done = call("run", *options, directory=shop_with_assets)

    assert done.exit_code == 0, done.stdout
    assert done.statuses["assets"] == "passed"
