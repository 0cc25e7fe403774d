"""Containers that are no servers of the tests: what shows something to people, proxies, and clients of a server."""

from __future__ import annotations

import re
from collections.abc import Iterable

from heroci_action.detection.ci.left_out import SERVER
from heroci_action.detection.ci.records import Image, LeftOut

# The last part of the names of images.
_CONSOLES = re.compile(
    r"phpmyadmin|phppgadmin|adminer|pgadmin4?|pgweb|dbgate|cloudbeaver|mongo-express|redis-?commander|redisinsight|"
    r"phpredisadmin|flower|kibana|opensearch-dashboards|cerebro|dejavu|elasticvue|elasticsearch-hq|kafka-ui|kafdrop|"
    r"akhq|grafana|portainer(-ce)?|dozzle|watchtower|cadvisor|swagger-ui|mkdocs(-material)?|traefik|caddy|"
    r"nginx-proxy|haproxy"
)
# Django replaces the sending of mail in tests, but a test may ask for what has arrived, at the port of the page.
_MAIL = re.compile(r"mailhog|mailpit|mailcatcher|maildev|smtp4dev|inbucket")
_MAIL_PAGE = re.compile(r":(8025|1080|9000|80)\b")
# A container with one of them works on a server and ends: it creates buckets, or waits.
_CLIENTS = re.compile(
    r"mc|curl|wait-for-\w+|wait4x|dockerize|migrate|flyway|liquibase|aws-cli|kubectl"
)
_FOR_PEOPLE = "it shows a server or documents to people or is a proxy of the application, and no test needs that"


def find_reason(image: Image, values: Iterable[str]) -> str | None:
    """Return why an image is no server of the tests, or None; `values` are the values of the tests' variables."""
    name = image.name.rpartition("/")[2]
    if _CLIENTS.fullmatch(name):
        return SERVER
    if _MAIL.fullmatch(name):
        return None if any(map(_MAIL_PAGE.search, values)) else _FOR_PEOPLE
    return _FOR_PEOPLE if _CONSOLES.fullmatch(name) else None


def leave_out_container(image: Image, reason: str) -> LeftOut:
    """Return the container as a line that the plan does not contain; what a client does may prepare the tests."""
    line = f"{image.alias}: {image.reference}" if image.alias else image.reference
    return LeftOut(line=line, source=image.source, reason=reason, harmless=reason == _FOR_PEOPLE)
