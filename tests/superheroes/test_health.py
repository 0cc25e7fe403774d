"""GET /health/live, /health/ready and /health/ with a database; `test_server` covers an outage."""

from django.test import override_settings

from tests.superheroes.builders import ApiTestCase


class HealthTestCase(ApiTestCase):
    def test_live_needs_no_query(self) -> None:
        with self.assertNumQueries(0):
            response = self.client.get("/health/live")

        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json(), {"status": "ok"})

    def test_ready_takes_one_query(self) -> None:
        with self.assertNumQueries(1):
            response = self.client.get("/health/ready")

        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json(), {"status": "ok", "database": "ok"})

    def test_overview_reports_both(self) -> None:
        with self.assertNumQueries(1):
            response = self.client.get("/health/")

        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json(), {"status": "ok", "live": "ok", "ready": "ok"})

    def test_session_adds_no_query_to_a_probe(self) -> None:
        self.sign_in()

        with self.assertNumQueries(0):
            self.client.get("/health/live")

    def test_responses_are_never_cached(self) -> None:
        for path in ("/health/live", "/health/ready", "/health/"):
            self.assertIn("no-store", self.client.get(path).headers["Cache-Control"])

    def test_probes_accept_only_safe_methods(self) -> None:
        for path in ("/health/live", "/health/ready", "/health/"):
            self.assertEqual(self.client.head(path).status_code, 200)
            self.assertEqual(self.client.post(path).status_code, 405)

    @override_settings(SECURE_SSL_REDIRECT=True, ALLOWED_HOSTS=["example.org"])
    def test_probes_work_by_ip_address_over_plain_http(self) -> None:
        for path in ("/health/live", "/health/ready", "/health/"):
            response = self.client.get(path, headers={"Host": "10.0.0.7:8000"})
            self.assertEqual(response.status_code, 200)

    def test_other_paths_are_not_probes(self) -> None:
        for path in ("/health", "/health/live/", "/health/alive"):
            self.assertIn(self.client.get(path).status_code, (301, 404))
