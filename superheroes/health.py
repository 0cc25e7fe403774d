"""The health of the service: is the process alive, and can it reach its database."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)


def database_answers() -> bool:
    """Ask the database the smallest question there is."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        logger.warning("the database does not answer: %s", error)
        return False
    return True


def answer(healthy: bool, **checks: bool) -> JsonResponse:
    """Return the overall state and each check in words, with a status that probes understand."""
    words = {name: "ok" if passed else "unavailable" for name, passed in checks.items()}
    return JsonResponse(
        {"status": "ok" if healthy else "unavailable", **words},
        status=HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE,
    )


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Tell that the process serves requests; a failing database is no reason to restart it."""
    return answer(True)


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Tell whether requests can be served, which takes one query."""
    reachable = database_answers()
    return answer(reachable, database=reachable)


@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Tell both."""
    reachable = database_answers()
    return answer(reachable, live=True, ready=reachable)


PROBES = {"/health/": overview, "/health/live": live, "/health/ready": ready}


class ProbeMiddleware:
    """Answers probes before anything else does.

    Orchestrators ask over plain HTTP and by IP address, so neither the redirect to HTTPS nor the
    check of the Host header may stand in their way.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve a probe, or pass the request on."""
        view = PROBES.get(request.path_info, self.get_response)
        return view(request)
