"""GET /api/schema/: the schema is valid, and responses match it."""

from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import jsonschema
from django.core.management import call_command
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from tests.superheroes.builders import HEROES, ApiTestCase, body, hero


class SchemaTestCase(ApiTestCase):
    schema: dict[str, Any]

    @classmethod
    def setUpTestData(cls) -> None:
        # It is the same for every request.
        response = APIClient().get("/api/schema/", headers={"Accept": "application/json"})
        assert response.status_code == 200, response.content
        cls.schema = response.json()

    def operation(self, path: str, method: str) -> dict[str, Any]:
        return self.schema["paths"][path][method]

    def parameters(self, path: str) -> set[str]:
        return {parameter["name"] for parameter in self.operation(path, "get")["parameters"]}

    def assert_answers(self, path: str, method: str, response: Any) -> None:
        """Assert that the schema declares the status and body of a response."""
        declared = self.operation(path, method)["responses"]
        self.assertIn(str(response.status_code), declared)
        if response.status_code != 204:
            body_schema = declared[str(response.status_code)]["content"]["application/json"]
            validator = jsonschema.Draft202012Validator(
                {**body_schema["schema"], "components": self.schema["components"]},
                format_checker=jsonschema.FormatChecker(),
            )
            self.assertEqual([str(error) for error in validator.iter_errors(response.json())], [])

    def test_is_a_valid_openapi_document(self) -> None:
        validate_schema(self.schema)

    def test_generation_emits_no_warning(self) -> None:
        warnings = StringIO()

        # It exits if there is one.
        with redirect_stderr(warnings), redirect_stdout(StringIO()):
            call_command("spectacular", fail_on_warn=True)

        self.assertEqual(warnings.getvalue(), "")

    def test_default_format_is_yaml(self) -> None:
        response = self.client.get("/api/schema/")

        self.assertIn("application/vnd.oai.openapi", response.headers["Content-Type"])
        self.assertContains(response, "openapi: 3.1.0")

    def test_names_every_endpoint_and_method(self) -> None:
        declared = {
            (path.removeprefix(HEROES), method)
            for path, methods in self.schema["paths"].items()
            for method in methods
        }
        expected = {
            ("", "get"),
            ("", "post"),
            ("{id}/", "get"),
            ("{id}/", "put"),
            ("{id}/", "patch"),
            ("{id}/", "delete"),
            ("{id}/toggle_active/", "post"),
            ("{id}/toggle_villain/", "post"),
            ("by_universe/", "get"),
            ("top_superheroes/", "get"),
            ("villains/", "get"),
            ("stats/", "get"),
        }
        self.assertEqual(declared, expected)

    def test_every_declared_parameter_is_known(self) -> None:
        hero(universe="DC", is_villain=True)
        samples = {
            "universe": "DC",
            "is_active": "true",
            "is_villain": "true",
            "search": "hero",
            "ordering": "name",
        }
        for action in ("", "by_universe/", "villains/", "top_superheroes/"):
            for name in self.parameters(HEROES + action):
                moment = name.startswith(("created", "updated"))
                query = {"universe": "DC"} if action == "by_universe/" else {}
                query[name] = "2024-02-29" if moment else samples.get(name, "1")
                with self.subTest(action=action, name=name):
                    response = self.client.get(HEROES + action, query)
                    self.assertEqual(response.status_code, 200, response.content)

    def test_every_known_parameter_is_declared(self) -> None:
        [message] = self.client.get(HEROES, {"nonsense": "1"}).json()["nonsense"]

        known = message.rstrip(".").split("known are ")[1].split(", ")
        self.assertEqual(self.parameters(HEROES), set(known))

    def test_limits_are_declared(self) -> None:
        [limit] = self.operation(HEROES + "top_superheroes/", "get")["parameters"]

        self.assertEqual(limit["schema"]["minimum"], 1)
        self.assertEqual(limit["schema"]["maximum"], 100)
        self.assertEqual(limit["schema"]["default"], 10)

    def test_declares_public_reads_and_authenticated_writes(self) -> None:
        self.assertIn({}, self.operation(HEROES, "get")["security"])
        self.assertNotIn({}, self.operation(HEROES, "post")["security"])

    def test_reads_answer_as_declared(self) -> None:
        key = hero(universe="DC", is_villain=True, height=180).pk
        hero(power_level=10, age=30)
        paths = {
            HEROES: HEROES,
            HEROES + "{id}/": f"{HEROES}{key}/",
            HEROES + "by_universe/": HEROES + "by_universe/?universe=DC",
            HEROES + "top_superheroes/": HEROES + "top_superheroes/",
            HEROES + "villains/": HEROES + "villains/?page_size=1",
            HEROES + "stats/": HEROES + "stats/",
        }
        for declared, path in paths.items():
            with self.subTest(path=path):
                self.assert_answers(declared, "get", self.client.get(path))

    def test_writes_answer_as_declared(self) -> None:
        self.sign_in()
        created = self.client.post(HEROES, body())
        one, path = HEROES + "{id}/", f"{HEROES}{created.json()['id']}/"

        self.assert_answers(HEROES, "post", created)
        self.assert_answers(one, "put", self.client.put(path, body()))
        self.assert_answers(one, "patch", self.client.patch(path, {"age": None}))
        for toggle in ("toggle_active/", "toggle_villain/"):
            self.assert_answers(one + toggle, "post", self.client.post(path + toggle))
        self.assert_answers(one, "delete", self.client.delete(path))

    def test_errors_answer_as_declared(self) -> None:
        one, path = HEROES + "{id}/", f"{HEROES}{hero().pk}/"
        self.assert_answers(HEROES, "post", self.client.post(HEROES, body()))
        self.assert_answers(HEROES, "get", self.client.get(HEROES, {"page": "x", "nonsense": 1}))
        self.sign_in()

        refused = {
            self.client.post(HEROES, {}): (HEROES, "post"),
            self.client.post(HEROES, "{", content_type="application/json"): (HEROES, "post"),
            self.client.patch(path, {"age": -1, "height": 0}): (one, "patch"),
            self.client.get(f"{HEROES}0/"): (one, "get"),
            self.client.delete(f"{HEROES}0/"): (one, "delete"),
        }
        for response, (declared, method) in refused.items():
            self.assertIn(response.status_code, (400, 404))
            self.assert_answers(declared, method, response)

    def test_response_check_detects_undeclared_responses(self) -> None:
        response = self.client.get(HEROES + "stats/")
        numbers = response.json()
        response.json = lambda: {**numbers, "total": "three"}

        with self.assertRaisesRegex(AssertionError, "'three' is not of type 'integer'"):
            self.assert_answers(HEROES + "stats/", "get", response)
