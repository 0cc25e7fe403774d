"""The commands that calls of Docker and Docker Compose start in containers."""

from __future__ import annotations

from dataclasses import replace

from heroci_action.detection.ci.command_line import Options, split_words
from heroci_action.detection.ci.records import UNKNOWN, Call, Container

COMPOSE_VALUED = (
    "-f", "--file", "-p", "--project-name", "--profile", "--env-file", "--project-directory",
)  # fmt: skip
DOCKER_VALUED = frozenset(
    {
        "-e", "--env", "-v", "--volume", "-w", "--workdir", "-u", "--user", "--name", "-p", "--publish", "--network",
        "--net", "--env-file", "--entrypoint", "--platform", "-l", "--label", "--mount", "--link", "--add-host", "-m",
        "--memory", "--cpus", "-h", "--hostname", "--shm-size", "--ulimit", "--cap-add", "--security-opt", "--pull",
        "--tmpfs", "--volumes-from", "--gpus", "--ip", "--network-alias", "--health-cmd", "--restart",
    }
)  # fmt: skip

STOPPING = frozenset({"stop", "kill", "rm"})


def docker(call: Call, words: list[str]) -> Call | None:
    """`docker run -e CI image CMD`, and exec or create; None for any other call, which starts no command."""
    match Options.lead(words, ("-H", "--context", "--config", "-l")).words:
        case ["compose", *rest]:
            return compose(call, rest)
        case ["container", *rest]:
            return docker(call, rest)
        case [("run" | "exec" | "create") as verb, *rest]:
            options = Options.lead(rest, DOCKER_VALUED)
            found = _contained(call, options, Container(image=_first(options)))
            # What starts a container, and not the container of an earlier command, decides its variables.
            names = tuple(name for name in options.values("-e", "--env") if "=" not in name)
            return replace(found, passed=names) if found and verb != "exec" else found
    return None


def controlled_containers(words: tuple[str, ...]) -> tuple[str, frozenset[str]]:
    """Return the verb and the names of `docker stop db cache` and the like; an empty verb for any other command."""
    match words:
        case ("docker" | "podman", "container", *rest) | ("docker" | "podman", *rest):
            verb, *named = Options.split(
                rest, ("-t", "--time", "--timeout", "-s", "--signal")
            ).words or ("",)
            if verb in {*STOPPING, "start"}:
                return verb, frozenset(named)
    return "", frozenset()


def compose(call: Call, words: list[str]) -> Call | None:
    """`docker compose run -e CI web CMD`, and exec; None for any other call."""
    before = Options.lead(words, COMPOSE_VALUED)
    if _first(before) not in {"run", "exec"}:
        return None
    options = Options.lead(before.words[1:], {*DOCKER_VALUED, "--index"})
    files = before.values("-f", "--file")
    return _contained(call, options, Container(service=_first(options), files=files))


def _first(options: Options) -> str | None:
    return next(iter(options.words), None)


def _contained(call: Call, options: Options, container: Container) -> Call | None:
    """Return the call of what follows the image or the service, with the variables that the options set."""
    if not options.words:
        return None
    env = dict(pair.split("=", 1) for pair in options.values("-e", "--env") if "=" in pair)
    known = {name: value for name, value in env.items() if UNKNOWN not in value}
    return replace(
        call,
        arguments=(*split_words(options.value("--entrypoint") or ""), *options.words[1:]),
        container=container,
        env={**call.env, **known},
        env_files=(*call.env_files, *options.values("--env-file")),
    )
