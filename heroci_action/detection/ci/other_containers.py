"""Containers that are no servers of the tests: what shows something to people, proxies, and clients of a server."""

from __future__ import annotations

import re
from collections.abc import Collection

from heroci_action.detection.ci.compose.composition import Composition
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
# Servers of files, and of anything that they are configured for.
_WEB = re.compile(
    r"(bitnami-)?(nginx|openresty|apache2?|httpd|envoy|varnish|angie|lighttpd)(-\w+)?|swag"
)
_CONFIGURATION = r".*\.(conf|cfg|template|tmpl|j2)"
# `proxy_pass http://web:8000;`
_PASSES = re.compile(r"\b(proxy|uwsgi|fastcgi|grpc)_pass\s|\bProxyPass\s|\breverse_proxy\s")
_FOR_PEOPLE = "it shows a server or documents to people or is a proxy of the application, and no test needs that"
_PROXY = "it is a proxy of the application, which the plan does not start for it"


def find_proxies(used: Composition) -> frozenset[str]:
    """Return the services with a web server that need the application, or whose mounted files pass requests on."""
    own = {name for name in used.services if used.build(name)}
    images = ((name, used.image(name)) for name in used.services)
    servers = [(name, image) for name, image in images if image and _is_web_server(image)]
    return frozenset(
        name
        for name, image in servers
        if own.intersection(used.with_needs([name])) or _passes_on(image, used)
    )


def _is_web_server(image: Image) -> bool:
    return not image.built and _WEB.fullmatch(image.name.rpartition("/")[2]) is not None


def _passes_on(image: Image, used: Composition) -> bool:
    files = (
        file for path in image.mounts for file in used.tree.matching(_CONFIGURATION, under=path)
    )
    return any(_PASSES.search(used.tree.text(file)) for file in (*image.mounts, *files))


def find_reason(image: Image, values: Collection[str], proxies: Collection[str] = ()) -> str | None:
    """Return why an image is no server of the tests, or None; `values` are the values of the tests' variables.

    `proxies` are the services that pass requests on to the application.
    """
    name = image.name.rpartition("/")[2]
    if image.alias in proxies:
        address = re.compile(rf"(?<![\w.-]){re.escape(image.alias)}(?![\w.-])")
        return _PROXY if any(map(address.search, values)) else _FOR_PEOPLE
    if _CLIENTS.fullmatch(name):
        return SERVER
    if _MAIL.fullmatch(name):
        return None if any(map(_MAIL_PAGE.search, values)) else _FOR_PEOPLE
    return _FOR_PEOPLE if _CONSOLES.fullmatch(name) else None


def leave_out_container(image: Image, reason: str) -> LeftOut:
    """Return the container as a line that the plan does not contain; what a client does may prepare the tests."""
    line = f"{image.alias}: {image.reference}" if image.alias else image.reference
    return LeftOut(line=line, source=image.source, reason=reason, harmless=reason == _FOR_PEOPLE)
