from __future__ import annotations

import pytest

from heroci_action.engines.known_services import POSTGRES, address, container_arguments
from heroci_action.plan.stages import Service

PASSWORD = {"REDIS_PASSWORD": "a/b"}


def test_redis_with_a_password_requires_it_and_its_address_contains_it() -> None:
    service = Service(name="cache", image="valkey/valkey:8", env=PASSWORD)
    assert container_arguments(service) == ("--requirepass", "a/b")
    assert address(service, "h", 1) == {
        "host": "h",
        "port": "1",
        "password": "a/b",
        "url": "redis://:a%2Fb@h:1/0",
    }


@pytest.mark.parametrize(
    ("service", "arguments", "url"),
    [
        (Service(name="redis"), (), "redis://h:1/0"),
        (Service(name="redis", env=PASSWORD, arguments=("x",)), ("x",), "redis://:a%2Fb@h:1/0"),
        (Service(name="postgres"), POSTGRES.command, "postgres://h:1"),
        (Service(name="mail", image="mailpit", env=PASSWORD), (), "http://h:1"),
    ],
)
def test_others_have_the_arguments_of_the_plan_or_of_their_kind(
    service: Service, arguments: tuple[str, ...], url: str
) -> None:
    assert container_arguments(service) == arguments
    assert address(service, "h", 1)["url"] == url
