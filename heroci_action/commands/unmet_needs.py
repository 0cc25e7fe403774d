"""State what the tests need and the chosen engine, or this machine, cannot give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from heroci_action.detection.ci.records import LeftOut
from heroci_action.engines.docker import Docker
from heroci_action.engines.known_services import left_out_warning, service_port
from heroci_action.pipeline.tests import NAME as TESTS
from heroci_action.plan.stages import Plan, Service
from heroci_action.project import ProjectConfig


async def state_unmet_needs(
    loaded: ProjectConfig,
    plan: Plan,
    *,
    machine: Mapping[str, str],
    in_containers: bool,
    warn_of_services: bool,
) -> ProjectConfig:
    """Return the project with these needs as warnings and as lines that are left out.

    `warn_of_services` is for a plan that is only shown: in a run, the engine itself warns of services.
    """
    loaded = warn_of_fixed_addresses(loaded, plan, in_containers=in_containers)
    loaded = await warn_of_docker(loaded, plan, machine=machine, in_containers=in_containers)
    if in_containers:
        return loaded
    return await _leave_out_services(loaded, plan, machine=machine, warn=warn_of_services)


def warn_of_fixed_addresses(
    loaded: ProjectConfig, plan: Plan, *, in_containers: bool
) -> ProjectConfig:
    """Name the services that the tests look for at a host at which the engine does not start them."""
    texts = (
        f"the tests look for {each.service} on {each.host} ({each.why}), "
        f"but {_place(service, in_containers=in_containers)}; "
        "let the settings read its host from a variable and set it in `env`, "
        f"or run with --engine {'host' if in_containers else 'dagger'}"
        for each in loaded.facts.fixed_addresses
        if (service := plan.services.get(each.service)) and each.service in loaded.config.services
        if each.host != (each.service if in_containers else "localhost")
    )
    return replace(loaded, warnings=(*loaded.warnings, *texts))


async def warn_of_docker(
    loaded: ProjectConfig, plan: Plan, *, machine: Mapping[str, str], in_containers: bool
) -> ProjectConfig:
    """State that the tests start containers by themselves, and whether the engine lets them."""
    use = loaded.facts.docker_use
    if use is None or plan.stage(TESTS).skip:
        return loaded
    needs = f"the tests start containers, which needs a Docker daemon ({use})"
    if in_containers:
        text = f"{needs}; the engine's containers have none: run with --engine host"
    elif problem := await Docker(machine=machine, directory=loaded.root).problem():
        text = f"{needs}, and this machine cannot give them one: {problem.cause}"
    else:
        text = f"{needs}; they use that of this machine, and HeroCI neither starts nor removes these containers"
    return replace(loaded, warnings=(*loaded.warnings, text))


def _place(service: Service, *, in_containers: bool) -> str:
    if in_containers:
        return f"in containers it listens on {service.name}:{service_port(service)}"
    return "on this machine it listens on localhost"


async def _leave_out_services(
    loaded: ProjectConfig, plan: Plan, *, machine: Mapping[str, str], warn: bool
) -> ProjectConfig:
    """Name the optional services that this machine cannot start."""
    services = [service for service in plan.services.values() if service.optional]
    docker = Docker(machine=machine, directory=loaded.root)
    problem = await docker.problem() if services else None
    if problem is None:
        return loaded
    lines = (
        LeftOut(
            line=f"{service.name}: {service.image}",
            source=loaded.origins[f"services.{service.name}.image"].removeprefix("detected: "),
            reason=problem.cause,
        )
        for service in services
    )
    facts = replace(loaded.facts, left_out=(*loaded.facts.left_out, *lines))
    warnings = [left_out_warning(service, problem.cause) for service in services if warn]
    return replace(loaded, facts=facts, warnings=(*loaded.warnings, *warnings))
