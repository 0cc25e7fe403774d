"""Run a pipeline of the shape that HeroCI replaces; `dagger_cache.py` measures it.

    python -m benchmarks.original_shape PROJECT

It has no cache volumes, copies the source before the installation, runs the tests in one `sh -c`, and the stages one
after another. Unlike the original it installs the requirements; without them, no test could run.
"""

from __future__ import annotations

import sys

import anyio
import dagger

TESTS = (
    "pip install -q -r requirements.txt coverage && python manage.py check && "
    "python manage.py makemigrations --check && python manage.py migrate --noinput && "
    "coverage run manage.py test --noinput tests.superheroes && coverage xml"
)
LINT = "pip install -q black isort flake8 && black --check . && isort --check . && flake8 ."


async def main(project: str) -> None:
    """Run lint, tests and image, in this order."""
    async with dagger.connection(dagger.Config()):
        client = dagger.dag
        source = client.host().directory(project, exclude=[".git"])
        base = (
            client.container()
            .from_("python:3.13-slim")
            .with_directory("/app", source)
            .with_workdir("/app")
        )
        await base.with_exec(["sh", "-c", LINT]).sync()
        database = (
            client.container()
            .from_("postgres:17-alpine")
            .with_env_variable("POSTGRES_PASSWORD", "postgres")
            .with_exposed_port(5432)
            .as_service(use_entrypoint=True)
        )
        url = "postgres://postgres:postgres@db:5432/postgres"
        tests = base.with_service_binding("db", database).with_env_variable("DATABASE_URL", url)
        await tests.with_env_variable("SECRET_KEY", "x" * 50).with_exec(["sh", "-c", TESTS]).sync()
        await source.docker_build().sync()


if __name__ == "__main__":
    anyio.run(main, sys.argv[1])
