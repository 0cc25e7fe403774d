"""Health endpoints: liveness of the process, and whether it can reach its database."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)


def database_answers() -> bool:
    """Return whether the database answers a trivial query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        logger.warning("database is not reachable: %s", error)
        return False
    return True


def answer(healthy: bool, **checks: bool) -> JsonResponse:
    """Return the overall status and the result of each check, with a matching HTTP status."""
    words = {name: "ok" if passed else "unavailable" for name, passed in checks.items()}
    return JsonResponse(
        {"status": "ok" if healthy else "unavailable", **words},
        status=HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE,
    )


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Report that the process serves requests; a database outage is no reason to restart it."""
    return answer(True)


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Report whether requests can be served; costs one query."""
    reachable = database_answers()
    return answer(reachable, database=reachable)


@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Report both."""
    reachable = database_answers()
    return answer(reachable, live=True, ready=reachable)


PROBES = {"/health/": overview, "/health/live": live, "/health/ready": ready}


class ProbeMiddleware:
    """Answer health probes before any other middleware runs.

    Orchestrators probe over plain HTTP and by IP address, so neither the redirect to HTTPS nor the
    validation of the Host header may apply to them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a probe or forward the request."""
        view = PROBES.get(request.path_info, self.get_response)
        return view(request)
