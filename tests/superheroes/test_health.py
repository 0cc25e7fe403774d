"""GET /health/live, /health/ready and /health/, while the database answers; `test_server` takes it away."""

from django.test import override_settings

from tests.superheroes.builders import ApiTestCase


class HealthTestCase(ApiTestCase):
    def test_live_asks_nobody(self) -> None:
        with self.assertNumQueries(0):
            response = self.client.get("/health/live")

        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json(), {"status": "ok"})

    def test_ready_takes_one_query(self) -> None:
        with self.assertNumQueries(1):
            response = self.client.get("/health/ready")

        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json(), {"status": "ok", "database": "ok"})

    def test_the_overview_tells_both(self) -> None:
        with self.assertNumQueries(1):
            response = self.client.get("/health/")

        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json(), {"status": "ok", "live": "ok", "ready": "ok"})

    def test_a_session_costs_a_probe_nothing(self) -> None:
        self.sign_in()

        with self.assertNumQueries(0):
            self.client.get("/health/live")

    def test_no_answer_is_ever_cached(self) -> None:
        for path in ("/health/live", "/health/ready", "/health/"):
            self.assertIn("no-store", self.client.get(path).headers["Cache-Control"])

    def test_probes_only_read(self) -> None:
        for path in ("/health/live", "/health/ready", "/health/"):
            self.assertEqual(self.client.head(path).status_code, 200)
            self.assertEqual(self.client.post(path).status_code, 405)

    @override_settings(SECURE_SSL_REDIRECT=True, ALLOWED_HOSTS=["example.org"])
    def test_probes_come_by_address_and_over_plain_http(self) -> None:
        for path in ("/health/live", "/health/ready", "/health/"):
            response = self.client.get(path, headers={"Host": "10.0.0.7:8000"})
            self.assertEqual(response.status_code, 200)

    def test_other_paths_are_not_probes(self) -> None:
        for path in ("/health", "/health/live/", "/health/alive"):
            self.assertIn(self.client.get(path).status_code, (301, 404))
