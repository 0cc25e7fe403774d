"""Containers that show something to people, and proxies of the application: the tests use neither."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
_REASON = "it shows a server or documents to people or is a proxy of the application, and no test needs that"


def is_console(image: Image, values: Iterable[str]) -> bool:
    """Return whether an image is only for people; `values` are the values of the tests' variables."""
    name = image.name.rpartition("/")[2]
    if _MAIL.fullmatch(name):
        return not any(map(_MAIL_PAGE.search, values))
    return _CONSOLES.fullmatch(name) is not None


def leave_out_console(image: Image) -> LeftOut:
    """Return the container as a line that the plan does not contain."""
    line = f"{image.alias}: {image.reference}" if image.alias else image.reference
    return LeftOut(line=line, source=image.source, reason=_REASON, harmless=True)
