"""The deployed project: collected static files, gunicorn, production settings, and a database outage."""

import re
import tempfile
from contextlib import ExitStack

from django.db import connection
from django.test import TestCase

from tests.superheroes.builders import postgresql_only
from tests.superheroes.processes import Server, database_url, manage, served

HTTPS = {"X-Forwarded-Proto": "https"}
PRODUCTION = {"ALLOWED_HOSTS": "example.org", "TRUSTED_PROXIES": "1"}


@postgresql_only
class ServerTestCase(TestCase):
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        root = stack.enter_context(tempfile.TemporaryDirectory())
        collected = manage("collectstatic", "--noinput", "-v0", STATIC_ROOT=root)
        assert collected.returncode == 0, collected.stderr
        cls.server = stack.enter_context(
            served(DATABASE_URL=database_url(), STATIC_ROOT=root, **PRODUCTION)
        )

    def test_redirects_http_to_https(self) -> None:
        response = self.server.get("/api/superheroes/")

        self.assertEqual(response.status, 301)
        self.assertEqual(response.headers["Location"], "https://example.org/api/superheroes/")

    def test_https_responses_set_hsts(self) -> None:
        response = self.server.get("/api/superheroes/", **HTTPS)

        self.assertEqual(response.status, 200)
        self.assertIn("max-age=31536000", response.headers["Strict-Transport-Security"])

    def test_rejects_unknown_hosts(self) -> None:
        response = self.server.get("/api/superheroes/", "evil.example", **HTTPS)

        self.assertEqual(response.status, 400)

    def test_probes_accept_any_host_over_plain_http(self) -> None:
        for path in ("/health/live", "/health/ready", "/health/"):
            self.assertEqual(self.server.get(path, "10.0.0.7").status, 200)

    def test_documentation_pages_load_all_assets_locally(self) -> None:
        for page in ("/api/docs/", "/api/redoc/"):
            html = self.server.get(page, **HTTPS).text
            addresses = re.findall(r'(?:src|href|spec-url)="([^"]+)"', html)
            self.assertGreaterEqual(len(addresses), 2, html)
            for address in addresses:
                with self.subTest(page=page, address=address):
                    self.assertTrue(address.startswith("/"))
                    self.assertEqual(self.server.get(address, **HTTPS).status, 200)

    def test_no_page_refers_to_another_server(self) -> None:
        for page in ("/api/docs/", "/api/redoc/"):
            self.assertNotRegex(self.server.get(page, **HTTPS).text, r"https?://")

    def test_static_files_are_immutable_and_compressed(self) -> None:
        html = self.server.get("/admin/login/", **HTTPS).text
        [style] = re.findall(r'href="(/static/admin/css/base\.[0-9a-f]+\.css)"', html)

        response = self.server.get(style, **HTTPS, **{"Accept-Encoding": "gzip"})

        self.assertIn("immutable", response.headers["Cache-Control"])
        self.assertEqual(response.headers["Content-Encoding"], "gzip")


@postgresql_only
class DatabaseGoneTestCase(TestCase):
    def setUp(self) -> None:
        self.name = f"{connection.settings_dict['NAME']}_gone"
        self.database("DROP", "WITH (FORCE)")
        self.database("CREATE")
        self.addCleanup(self.database, "DROP", "WITH (FORCE)")

    def database(self, verb: str, how: str = "") -> None:
        """Create or drop the database over a separate connection."""
        condition = "IF EXISTS" if verb == "DROP" else ""
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'{verb} DATABASE {condition} "{self.name}" {how}')

    def test_ready_follows_the_database_and_live_does_not(self) -> None:
        with served(DATABASE_URL=database_url(self.name)) as server:
            before = server.get("/health/ready")
            self.database("DROP", "WITH (FORCE)")
            gone = [server.get(path) for path in ("/health/ready", "/health/", "/health/live")]
            self.database("CREATE")
            after = server.get("/health/ready")

        self.assertEqual(before.status, 200)
        self.assertEqual([response.status for response in gone], [503, 503, 200])
        self.assertIn('"database": "unavailable"', gone[0].text)
        self.assertIn('"live": "ok", "ready": "unavailable"', gone[1].text)
        self.assertEqual(after.status, 200)

    def test_server_without_database_is_live_and_hides_details(self) -> None:
        url = "postgres://ann:hunter2@127.0.0.1:1/heroes"
        with served(DATABASE_URL=url) as server:
            ready, live = server.get("/health/ready"), server.get("/health/live")

        self.assertEqual((ready.status, live.status), (503, 200))
        self.assertNotIn("127.0.0.1", ready.text)
        self.assertNotIn("hunter2", ready.text)
