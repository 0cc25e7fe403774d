"""PUT and PATCH /api/superheroes/{id}/."""

from tests.superheroes.builders import HEROES, ApiTestCase, body, hero


class UpdateTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in()
        self.hero = hero(name="Storm", age=30, power_level=8, universe="Marvel")
        self.path = f"{HEROES}{self.hero.pk}/"

    def test_put_replaces_the_superhero(self) -> None:
        response = self.client.put(self.path, body(name="Tempest"))

        self.assertEqual(response.status_code, 200)
        self.assertLessEqual(body(name="Tempest").items(), response.json().items())
        self.hero.refresh_from_db()
        self.assertEqual(self.hero.name, "Tempest")

    def test_put_requires_a_name(self) -> None:
        response = self.client.put(self.path, {"age": 31})

        self.assertEqual(response.status_code, 400)
        self.assertEqual(list(response.json()), ["name"])

    def test_patch_keeps_other_fields(self) -> None:
        response = self.client.patch(self.path, {"age": 31})

        self.assertEqual(response.status_code, 200)
        self.hero.refresh_from_db()
        self.assertEqual((self.hero.age, self.hero.power_level), (31, 8))

    def test_patch_can_clear_a_measure(self) -> None:
        self.assertIsNone(self.client.patch(self.path, {"age": None}).json()["age"])

    def test_update_changes_only_the_update_time(self) -> None:
        self.client.patch(self.path, {"age": 31})

        before = self.hero.created_at, self.hero.updated_at
        self.hero.refresh_from_db()
        self.assertEqual(self.hero.created_at, before[0])
        self.assertGreater(self.hero.updated_at, before[1])

    def test_can_change_the_case_of_the_name(self) -> None:
        response = self.client.patch(self.path, {"name": "STORM"})

        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json()["name"], "STORM")

    def test_rejects_the_name_of_another_superhero(self) -> None:
        hero(name="Thor")

        response = self.client.patch(self.path, {"name": "tHOR"})

        self.assertEqual(response.status_code, 400)
        self.assertEqual(list(response.json()), ["name"])

    def test_rejected_update_changes_nothing(self) -> None:
        response = self.client.patch(self.path, {"age": 31, "power_level": 11})

        self.assertEqual(response.status_code, 400)
        self.hero.refresh_from_db()
        self.assertEqual(self.hero.age, 30)

    def test_unknown_id_is_not_found(self) -> None:
        self.assertEqual(self.client.put(f"{HEROES}0/", body()).status_code, 404)
        self.assertEqual(self.client.patch(f"{HEROES}0/", {}).status_code, 404)
