"""POST /api/superheroes/."""

from typing import Any

from django.db.models.signals import pre_save

from superheroes.models import Superhero
from tests.superheroes.builders import HEROES, ApiTestCase, body, hero, postgresql_only


class CreateTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in()

    def assert_refuses_body(self, field: str, **facts: Any) -> None:
        response = self.client.post(HEROES, body(**facts))
        self.assertEqual(response.status_code, 400, response.content)
        self.assertEqual(list(response.json()), [field])
        self.assertFalse(Superhero.objects.exists())

    def test_stores_and_returns_what_was_sent(self) -> None:
        response = self.client.post(HEROES, body())

        self.assertEqual(response.status_code, 201)
        self.assertLessEqual(body().items(), response.json().items())
        self.assertEqual(Superhero.objects.get().name, "Miss Take")

    def test_created_superhero_can_be_read(self) -> None:
        created = self.client.post(HEROES, body()).json()

        self.assertEqual(self.client.get(f"{HEROES}{created['id']}/").json(), created)

    def test_deeply_nested_json_is_a_bad_request(self) -> None:
        for bracket in ("[", '{"name":'):
            with self.subTest(bracket=bracket):
                response = self.client.post(
                    HEROES, bracket * 100_000, content_type="application/json"
                )
                self.assertEqual(response.status_code, 400, response.content[:200])

    def test_only_the_name_is_required(self) -> None:
        created = self.client.post(HEROES, {"name": "Nobody"}).json()

        self.assertEqual(created["power_level"], 1)
        self.assertEqual(created["universe"], "Other")
        self.assertTrue(created["is_active"])
        self.assertFalse(created["is_villain"])
        self.assertIsNone(created["age"])

    def test_id_and_timestamps_are_read_only(self) -> None:
        created = self.client.post(HEROES, body(id=99, created_at="2001-01-01T00:00:00Z")).json()

        self.assertNotEqual(created["id"], 99)
        # The microseconds of now may contain any four digits.
        self.assertFalse(created["created_at"].startswith("2001-"), created["created_at"])

    def test_strips_whitespace_around_the_name(self) -> None:
        self.assertEqual(self.client.post(HEROES, {"name": "  Echo "}).json()["name"], "Echo")

    def test_rejects_a_body_without_a_name(self) -> None:
        response = self.client.post(HEROES, {})

        self.assertEqual(response.status_code, 400)
        self.assertEqual(response.json(), {"name": ["This field is required."]})

    def test_rejects_a_name_that_differs_only_in_case(self) -> None:
        hero(name="Miss Take")

        response = self.client.post(HEROES, body(name="mISS tAKE"))

        self.assertEqual(response.status_code, 400)
        self.assertEqual(list(response.json()), ["name"])
        self.assertIn("already exists", response.json()["name"][0])

    @postgresql_only
    def test_case_rules_apply_to_non_ascii_letters(self) -> None:
        hero(name="ÉCLAIR ŽIVA")

        self.assertEqual(self.client.post(HEROES, body(name="Éclair Živa")).status_code, 400)

    def test_rejects_a_name_taken_by_a_concurrent_request(self) -> None:
        def rival(instance: Superhero, **_: Any) -> None:
            Superhero.objects.bulk_create([Superhero(name=instance.name.upper())])  # no signals

        pre_save.connect(rival, sender=Superhero)
        self.addCleanup(pre_save.disconnect, rival, sender=Superhero)

        response = self.client.post(HEROES, body(name="Racer"))

        self.assertEqual(response.status_code, 400)
        self.assertEqual(list(response.json()), ["name"])

    def test_rejects_invalid_names(self) -> None:
        names: tuple[Any, ...] = ("", "   ", None, "x" * 101, "nul\x00", [], {"a": 1})
        for name in names:
            with self.subTest(name=name):
                self.assert_refuses_body("name", name=name)

    def test_rejects_lone_surrogates(self) -> None:
        response = self.client.post(HEROES, r'{"name": "\ud800"}', content_type="application/json")

        self.assertEqual(response.status_code, 400)
        self.assertEqual(list(response.json()), ["name"])

    def test_rejects_power_levels_out_of_range(self) -> None:
        for level in (0, 11, -1, 5.5, "high", None, 10**30):
            with self.subTest(level=level):
                self.assert_refuses_body("power_level", power_level=level)

    def test_rejects_an_unknown_universe(self) -> None:
        for universe in ("Image", "marvel", "", None):
            with self.subTest(universe=universe):
                self.assert_refuses_body("universe", universe=universe)

    def test_rejects_ages_out_of_range(self) -> None:
        for age in (-1, 1_000_001, "old", 10**30):
            with self.subTest(age=age):
                self.assert_refuses_body("age", age=age)

    def test_rejects_measures_out_of_range(self) -> None:
        for measure in (0, -1, 100_000, "NaN", "Infinity", 1.234, "tall"):
            for field in ("height", "weight"):
                with self.subTest(field=field, measure=measure):
                    self.assert_refuses_body(field, **{field: measure})

    def test_rejects_non_boolean_flags(self) -> None:
        self.assert_refuses_body("is_villain", is_villain="perhaps")

    def test_rejects_invalid_json(self) -> None:
        broken = self.client.post(HEROES, "{", content_type="application/json")
        form = self.client.post(HEROES, "name=x", content_type="application/x-www-form-urlencoded")
        many = self.client.post(HEROES, [body()])

        self.assertEqual(broken.status_code, 400)
        self.assertEqual(form.status_code, 415)
        self.assertEqual(many.status_code, 400)

    def test_rejects_query_parameters(self) -> None:
        response = self.client.post(HEROES + "?universe=DC", body())

        self.assertEqual(response.status_code, 400)
        self.assertEqual(list(response.json()), ["universe"])
