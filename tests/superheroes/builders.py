"""Builders for superheroes and JSON bodies, and a base class for API tests."""

import itertools
import logging
from typing import Any
from unittest import skipUnless

from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import override_settings
from rest_framework.authtoken.models import Token
from rest_framework.test import APITestCase

from superheroes.models import Superhero

HEROES = "/api/superheroes/"
numbers = itertools.count(1)

# SQLite is for development only: it ignores case for ASCII only, and other processes cannot open its test database.
postgresql_only = skipUnless(connection.vendor == "postgresql", "needs PostgreSQL")


def hero(**facts: Any) -> Superhero:
    """Save a superhero with a unique name."""
    return Superhero.objects.create(**{"name": f"Hero {next(numbers)}", **facts})


def body(**facts: Any) -> dict[str, Any]:
    """Return the JSON body of a superhero with all fields."""
    return {
        "name": "Miss Take",
        "real_name": "Ada Byte",
        "alias": "The Undoer",
        "age": 36,
        "height": 171.5,
        "weight": 62.0,
        "powers": "undoing, redoing",
        "power_level": 6,
        "origin_story": "Pressed the wrong key at the right time.",
        "universe": "Custom",
        "is_active": True,
        "is_villain": False,
        **facts,
    }


# Production settings without HTTPS and collected static files.
@override_settings(
    SECURE_SSL_REDIRECT=False,
    MIDDLEWARE=[name for name in settings.MIDDLEWARE if not name.startswith("whitenoise")],
    STORAGES={
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
)
class ApiTestCase(APITestCase):
    """A test of the API; the client is anonymous until it signs in."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        # Many tests cause client errors on purpose.
        logging.disable(logging.WARNING)
        cls.addClassCleanup(logging.disable, logging.NOTSET)

    def setUp(self) -> None:
        super().setUp()
        # The cache contains the throttle counters.
        cache.clear()

    def sign_in(self) -> User:
        """Send a token with each request."""
        user = User.objects.create_user("editor")
        token = Token.objects.create(user=user)
        self.client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
        return user

    def names(self, path: str = HEROES, **query: Any) -> list[str]:
        """Return the names in order, from a page or a plain list."""
        response = self.client.get(path, query)
        self.assertEqual(response.status_code, 200, response.content)
        data = response.json()
        return [row["name"] for row in (data if isinstance(data, list) else data["results"])]

    def assert_refuses(self, parameter: str, value: Any, path: str = HEROES) -> None:
        """Assert that exactly this query parameter is rejected."""
        response = self.client.get(path, {parameter: value})
        self.assertEqual(response.status_code, 400, response.content)
        self.assertEqual(list(response.json()), [parameter])
