"""Throttling."""

from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from rest_framework.throttling import SimpleRateThrottle

from tests.superheroes.builders import HEROES, ApiTestCase


def rates(**changes: str | None) -> AbstractContextManager[Any]:
    """Change the rates, which REST framework reads only once."""
    return patch.dict(SimpleRateThrottle.THROTTLE_RATES, changes)


class ThrottlingTestCase(ApiTestCase):
    def test_throttles_anonymous_users(self) -> None:
        with rates(anon="2/min"):
            statuses = [self.client.get(HEROES).status_code for _ in range(2)]
            refused = self.client.get(HEROES)

        self.assertEqual(statuses, [200, 200])
        self.assertEqual(refused.status_code, 429)
        self.assertLessEqual(int(refused.headers["Retry-After"]), 60)

    def test_users_have_a_separate_rate(self) -> None:
        self.sign_in()

        with rates(anon="1/min", user="2/min"):
            statuses = [self.client.get(HEROES).status_code for _ in range(3)]

        self.assertEqual(statuses, [200, 200, 429])

    def test_rate_can_be_disabled(self) -> None:
        with rates(anon="1/min"):
            limited = [self.client.get(HEROES).status_code for _ in range(2)]
        with rates(anon=None):
            unlimited = [self.client.get(HEROES).status_code for _ in range(2)]

        self.assertEqual(limited, [200, 429])
        self.assertEqual(unlimited, [200, 200])

    def test_forged_address_is_throttled_too(self) -> None:
        with rates(anon="1/min"):
            self.client.get(HEROES, headers={"X-Forwarded-For": "192.0.2.1"})
            refused = self.client.get(HEROES, headers={"X-Forwarded-For": "192.0.2.2"})

        self.assertEqual(refused.status_code, 429)

    def test_probes_are_never_throttled(self) -> None:
        with rates(anon="1/min"):
            statuses = {self.client.get("/health/ready").status_code for _ in range(5)}

        self.assertEqual(statuses, {200})
