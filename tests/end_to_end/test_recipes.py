"""docs/recipes.md: every recipe does what it says, as it is written."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from heroci_action.engines.dagger.preflight import VERSION
from tests.end_to_end.documented import DOCS
from tests.end_to_end.program import call, environment, run
from tests.end_to_end.projects import FILES, write
from tests.end_to_end.recipes import WITH_SBIN, configured, recipe, shell, workflow
from tests.end_to_end.tls_proxy import create_certificates, tls_proxy
from tests.integration.dagger import reach

ROOT = DOCS.parent
ENGINE_CONTAINER = f"dagger-engine-v{VERSION}"


# Services


def test_tests_run_on_mysql(tmp_path: Path) -> None:
    if not shutil.which("mariadbd", path=WITH_SBIN):
        pytest.skip("no MariaDB server: apt-get install mariadb-server")
    driver = """
        import pymysql

        pymysql.version_info = (2, 2, 1, "final", 0)
        pymysql.install_as_MySQLdb()
        """
    root = write(
        tmp_path / "shop",
        {
            **configured("MySQL"),
            "requirements.txt": "Django==5.2.19\ndj-database-url==3.1.2\nPyMySQL==1.1.1\n",
            "site_/__init__.py": driver,
            "shop/tests.py": FILES["shop/tests.py"].replace("postgresql", "mysql"),
        },
    )

    done = run(root, "--stages", "tests", env=environment(PATH=WITH_SBIN))

    assert done.exit_code == 0, done.stdout
    assert sum(len(step["tests"]) for step in done.stage("tests")["steps"]) == 3


def test_a_celery_worker_uses_the_redis_of_the_run(tmp_path: Path) -> None:
    if not shutil.which("redis-server"):
        pytest.skip("no Redis server: apt-get install redis-server")
    celery = """
        import os

        from celery import Celery

        app = Celery(
            "shop", broker=os.environ["CELERY_BROKER_URL"], backend=os.environ["CELERY_RESULT_BACKEND"]
        )
        app.autodiscover_tasks(["shop"])
        """
    tasks = """
        from shop.celery import app


        @app.task
        def add_product(name):
            from shop.models import Product

            Product.objects.create(name=name)
            return Product.objects.count()
        """
    root = write(
        tmp_path / "shop",
        {
            **configured("Redis with Celery"),
            "requirements.txt": f"{FILES['requirements.txt'].replace(' ', '')}celery[redis]==5.5.3\n",
            "shop/celery.py": celery,
            "shop/tasks.py": tasks,
            "shop/tests.py": recipe("python", "Redis with Celery"),
        },
    )

    done = run(root, "--stages", "tests", env=environment(PATH=WITH_SBIN))

    assert done.exit_code == 0, done.stdout


# Several projects, secrets, refresh


def test_projects_of_a_monorepo_are_reported_as_one(tmp_path: Path) -> None:
    projects = {
        f"apps/{name}/{path}": text for name in ("api", "web") for path, text in FILES.items()
    }
    lint = {f"apps/{name}/heroci.toml": "lint = []\n" for name in ("api", "web")}
    nothing = dict.fromkeys((*FILES, "apps/api/pyproject.toml", "apps/web/pyproject.toml"))
    root = write(tmp_path / "shop", {**projects, **lint, **nothing})

    done = shell(recipe("sh", "A monorepo").splitlines(), root)

    assert done.returncode == 0, done.stdout + done.stderr
    merged = json.loads((root / "reports/all/heroci-result.json").read_text())
    files = [step["tests"] for stage in merged["stages"] for step in stage["steps"]]
    assert sum(map(len, files)) == 6
    assert (root / "reports/all/summary.md").read_text().startswith("# ✅ Shop: passed")


PRINTS_THE_KEY = """
    import os

    from django.test import SimpleTestCase


    class KeyTests(SimpleTestCase):
        def test_key(self):
            print("the key is", os.environ["PAYMENT_KEY"])
            self.assertEqual(len(os.environ["PAYMENT_KEY"]), 20)
    """


def test_a_secret_reaches_the_tests_and_no_report(tmp_path: Path) -> None:
    files = {**configured("Secrets"), "shop/tests.py": PRINTS_THE_KEY}
    root = write(tmp_path / "shop", files)
    (step,) = (step for step in workflow("Secrets") if step["uses"] == "./")
    (name,) = step["env"]
    secret = "k3y-" + "0123456789abcdef"

    done = run(root, "--stages", "tests", env=environment(**{name: secret}))
    without = run(root, "--stages", "tests")

    assert done.exit_code == 0, done.stdout
    assert secret not in done.stdout + done.stderr
    written = [path.read_bytes() for path in done.reports.rglob("*") if path.is_file()]
    assert written
    assert not any(secret.encode() in content for content in written)
    assert without.exit_code != 0
    assert "PAYMENT_KEY" in without.stdout + without.stderr


def test_a_scheduled_run_replays_nothing(tmp_path: Path) -> None:
    root = write(tmp_path / "shop", {"pyproject.toml": "[tool.heroci]\nlint = []\n"})
    (step,) = (
        step
        for step in workflow("A scheduled run that trusts no earlier result")
        if step["uses"] == "./"
    )
    options = [f"--{name}" for name, value in step["with"].items() if value is True]
    fixed = ("run", "--engine", "host", "--stages", "tests")
    env = environment(HEROCI_CACHE_DIR=str(tmp_path / "cache"))

    def cached(*options: str) -> bool:
        done = call(*fixed, *options, directory=root, env=env)
        assert done.exit_code == 0, done.stdout
        return all(step["cached"] for step in done.stage("tests")["steps"])

    assert [cached(), cached(), cached(*options)] == [False, True, False]


# Other CI programs


def assert_reported(root: Path) -> None:
    result = json.loads((root / "heroci-reports/heroci-result.json").read_text())
    assert result["status"] == "passed"
    for name in ("tests.xml", "coverage.xml"):
        assert (root / "heroci-reports" / name).is_file()


def test_the_job_of_gitlab_runs_and_writes_what_gitlab_reads(tmp_path: Path) -> None:
    root = write(tmp_path / "shop", {"pyproject.toml": "[tool.heroci]\nlint = []\n"})
    text = recipe("yaml", "GitLab CI")
    (root / ".gitlab-ci.yml").write_text(text)
    schema = ("-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", ".gitlab-ci.yml")
    subprocess.run([sys.executable, *schema], cwd=root, check=True, capture_output=True)
    (job,) = yaml.safe_load(text).values()
    lines = [
        line.replace("/tmp/heroci", str(tmp_path / "tool"))
        for line in (*job["before_script"], *job["script"])
    ]
    variables = {
        name: str(value).replace("$CI_PROJECT_DIR", str(root))
        for name, value in job["variables"].items()
    }

    done = shell(lines, root, HEROCI=f"{ROOT}[postgres]", CI="true", GITLAB_CI="true", **variables)

    assert done.returncode == 0, done.stdout + done.stderr
    assert_reported(root)
    assert re.search(job["coverage"].strip("/"), done.stdout)
    reports = job["artifacts"]["reports"]
    for path in (reports["junit"], reports["coverage_report"]["path"]):
        assert (root / path).is_file()


def test_the_steps_of_jenkins_run_and_write_what_jenkins_reads(tmp_path: Path) -> None:
    root = write(tmp_path / "shop", {"pyproject.toml": "[tool.heroci]\nlint = []\n"})
    text = recipe("groovy", "Jenkins")
    assert text.count("{") == text.count("}")

    for line in re.findall(r"sh '(.*)'", text):
        cache = str(root / ".cache/heroci")
        done = shell(
            [line], root, HEROCI=f"{ROOT}[postgres]", HEROCI_CACHE_DIR=cache, WORKSPACE=str(root)
        )
        assert done.returncode == 0, done.stdout + done.stderr

    assert_reported(root)
    (pattern,) = re.findall(r"junit '(.*)'", text)
    assert (root / pattern).is_file()


def test_a_badge_is_written_from_the_outputs(tmp_path: Path) -> None:
    root = write(tmp_path / "shop", {"pyproject.toml": "[tool.heroci]\nlint = []\n"})
    outputs = tmp_path / "outputs"
    summary = tmp_path / "summary"
    for file in (outputs, summary):
        file.touch()
    files = {"GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(summary)}
    github = environment(GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(root), **files)
    done = run(root, "--stages", "tests", env=github)
    assert done.exit_code == 0, done.stdout
    values = read_outputs(outputs)
    (step,) = (step for step in workflow("A badge") if "run" in step)
    env = {name: fill(text, values) for name, text in step["env"].items()}

    badge = shell([step["run"]], root, **env)

    assert badge.returncode == 0, badge.stderr
    written = json.loads((root / "badges/tests.json").read_text())
    percent = values["coverage"]
    assert written["message"] == f"3 of 3, {percent} % covered"
    assert written["color"] == "green"


def read_outputs(file: Path) -> dict[str, str]:
    """Read step outputs, each of one line."""
    found = re.findall(r"^([\w-]+)<<(\S+)\n(.*?)\n?\2$", file.read_text(), re.MULTILINE | re.DOTALL)
    return {name: value for name, _, value in found}


def fill(text: str, outputs: Mapping[str, str]) -> str:
    """Replace an expression with the output that it names."""
    return re.sub(
        r"\$\{\{ steps\.\w+\.outputs\.([\w-]+) \}\}", lambda match: outputs[match[1]], text
    )


@pytest.mark.dagger
def test_a_runner_uses_a_remote_engine_over_tls(tmp_path: Path) -> None:
    reach.require()
    engine = ("docker", "exec", "-i", ENGINE_CONTAINER, "buildctl", "dial-stdio")
    if subprocess.run([*engine[:2], *engine[3:]], stdin=subprocess.DEVNULL, check=False).returncode:
        pytest.skip(f"the engine is not in the local container {ENGINE_CONTAINER}")
    root = write(tmp_path / "shop", {"pyproject.toml": "[tool.heroci]\nlint = []\nimage = false\n"})
    certificates = tmp_path / "certificates"
    certificates.mkdir()
    create_certificates(certificates)
    (step,) = (
        step for step in workflow("A self-hosted runner with a remote engine") if "run" in step
    )

    with tls_proxy(certificates, engine) as port:
        env = {"ENGINE": f"localhost:{port}", "CERTIFICATES": str(certificates)}
        done = shell([step["run"]], root, **env, HEROCI_CACHE_DIR=str(tmp_path / "cache"))
        shutil.copy(certificates / "server.pem", certificates / "client.pem")
        # Another cache directory, because a result that is replayed needs no engine.
        stranger = shell([step["run"]], root, **env, HEROCI_CACHE_DIR=str(tmp_path / "empty"))

    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((root / "heroci-reports/heroci-result.json").read_text())
    assert result["engine"] == "dagger"
    assert stranger.returncode == 3, stranger.stdout + stranger.stderr
