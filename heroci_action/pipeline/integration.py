"""The stage `integration`: HTTP checks against the production server with a migrated database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from heroci_action.config.model import Check, ImageConfig
from heroci_action.detection.facts import Vendor
from heroci_action.pipeline import image as image_stage
from heroci_action.pipeline.base import NAME as BASE
from heroci_action.pipeline.run_context import RunContext
from heroci_action.pipeline.variables import django, server_env, source_paths, with_path
from heroci_action.plan.actions import Command, RunsIn, Serve
from heroci_action.plan.report_kinds import JUNIT, Report
from heroci_action.plan.stages import Stage, Step
from heroci_action.project import ProjectConfig

NAME = "integration"
READY_WITHIN = 60.0  # seconds


def build(loaded: ProjectConfig, context: RunContext) -> Stage:
    """Start the image or, if there is none, the server from the base environment, and check it."""
    config = loaded.config
    services = tuple(config.services)
    with_image = image_stage.skip_reason(loaded, context) is None
    return Stage(
        name=NAME,
        needs=() if with_image else (BASE,),
        services=services,
        env=_env(loaded, with_image=with_image),
        steps=tuple(_steps(loaded, with_image=with_image)),
        # The HTTP checks read nothing from the repository.
        confined_to=(
            image_stage.build_action(loaded)
            if with_image and not config.integration.command
            else None
        ),
        skip=_skip_reason(loaded, with_image=with_image),
    )


def _env(loaded: ProjectConfig, *, with_image: bool) -> dict[str, str]:
    env = server_env(loaded, loaded.config.services)
    if with_image:
        return env
    variable = _scratch_variable(loaded)
    scratch = {variable: "sqlite:///{reports}/integration.sqlite3"} if variable else {}
    return with_path({**env, **scratch}, "{probes}", *source_paths(loaded))


def _scratch_variable(loaded: ProjectConfig) -> str | None:
    """Return the variable that points the application to another SQLite file than the one in the checkout."""
    variable = loaded.facts.database_variable
    free = variable is not None and variable not in loaded.config.env
    return variable if free and _on_sqlite(loaded) else None


def _on_sqlite(loaded: ProjectConfig) -> bool:
    return loaded.facts.vendor is Vendor.SQLITE and not loaded.config.services


def _skip_reason(loaded: ProjectConfig, *, with_image: bool) -> str | None:
    integration = loaded.config.integration
    if integration.enabled is False:
        return "disabled by `integration.enabled = false`"
    if not (integration.checks or integration.command or _health(loaded)):
        return "no health endpoint was found, and `integration.checks` is empty"
    return None if with_image else _no_server_reason(loaded)


def _no_server_reason(loaded: ProjectConfig) -> str | None:
    """Return why the application cannot be started in the base environment."""
    if _server(loaded) is None:
        return "no production server: no image, no gunicorn with WSGI and no uvicorn with ASGI"
    harmless = _scratch_variable(loaded) or loaded.config.integration.enabled
    if _on_sqlite(loaded) and not harmless:
        return (
            "the application would use the SQLite file of the checkout; let the settings read DATABASE_URL, "
            "or set `integration.enabled = true`"
        )
    return None


def _health(loaded: ProjectConfig) -> str | None:
    image = loaded.config.image
    configured = image.health if isinstance(image, ImageConfig) else None
    return loaded.config.integration.health or configured or loaded.facts.health


def _steps(loaded: ProjectConfig, *, with_image: bool) -> Iterator[Step]:
    integration = loaded.config.integration
    yield from _start(loaded, with_image=with_image)
    if integration.checks:
        yield _check(integration.checks)
    if integration.command:
        yield Step(
            name="end-to-end tests", action=Command(line=integration.command), blocking=False
        )


def _start(loaded: ProjectConfig, *, with_image: bool) -> Iterator[Step]:
    """Yield the steps that start the application on a migrated database, in its image if there is one."""
    image = loaded.config.image
    if with_image and isinstance(image, ImageConfig):
        if loaded.config.services:
            yield Step(
                name="migrate",
                action=image_stage.manage(loaded, "migrate", "--noinput"),
            )
        yield image_stage.serve(loaded, image)
    else:
        if loaded.config.services or _scratch_variable(loaded):
            yield Step(name="migrate", action=Command(line=django(loaded, "migrate", "--noinput")))
        yield Step(name="start", action=_serve(loaded))


def _check(checks: Iterable[Check]) -> Step:
    """Return the step that requests the pages of the running application."""
    report = "{reports}/checks.xml"
    text = json.dumps([check.model_dump(by_alias=True, exclude_none=True) for check in checks])
    line = ("python", "{probes}/heroci_http_check.py", text, "--junit", report)
    return Step(
        name="checks",
        action=Command(line=line),
        reports=(Report(kind=JUNIT, path=report),),
        must_report=True,
        blocking=False,
    )


def _serve(loaded: ProjectConfig) -> Serve:
    return Serve(
        runs_in=RunsIn.ENVIRONMENT,
        command=_server(loaded),
        health=_health(loaded),
        within=READY_WITHIN,
    )


def _server(loaded: ProjectConfig) -> tuple[str, ...] | None:
    """Return the command of the production server that the project depends on, None if there is none."""
    facts = loaded.facts
    if "gunicorn" in facts.distributions and facts.wsgi:
        # Threads, as in Django's own server: a second process would load the project again.
        return ("gunicorn", "--bind", "{app.interface}:{app.port}", "--threads", "4", facts.wsgi)
    if "uvicorn" in facts.distributions and facts.asgi:
        return ("uvicorn", "--host", "{app.interface}", "--port", "{app.port}", facts.asgi)
    return None
