"""POST /api/superheroes/{id}/toggle_villain/."""

from superheroes.models import Superhero
from tests.superheroes.builders import HEROES, ApiTestCase, hero


class ToggleVillainTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in()
        self.hero = hero(is_villain=False)
        self.path = f"{HEROES}{self.hero.pk}/toggle_villain/"

    def test_inverts_the_flag_and_returns_the_superhero(self) -> None:
        response = self.client.post(self.path)

        self.assertEqual(response.status_code, 200)
        self.assertTrue(response.json()["is_villain"])
        self.assertTrue(Superhero.objects.get().is_villain)

    def test_toggling_twice_restores_the_flag(self) -> None:
        self.client.post(self.path)

        self.assertFalse(self.client.post(self.path).json()["is_villain"])

    def test_changes_only_the_flag_and_the_update_time(self) -> None:
        before = self.client.get(f"{HEROES}{self.hero.pk}/").json()

        after = self.client.post(self.path).json()

        changed = {field for field in before if before[field] != after[field]}
        self.assertEqual(changed, {"is_villain", "updated_at"})

    def test_requires_authentication(self) -> None:
        self.client.credentials()

        self.assertEqual(self.client.post(self.path).status_code, 401)
        self.assertFalse(Superhero.objects.get().is_villain)

    def test_get_changes_nothing(self) -> None:
        self.assertEqual(self.client.get(self.path).status_code, 405)
        self.assertFalse(Superhero.objects.get().is_villain)

    def test_unknown_id_is_not_found(self) -> None:
        self.assertEqual(self.client.post(f"{HEROES}0/toggle_villain/").status_code, 404)

    def test_concurrent_toggles_are_not_lost(self) -> None:
        first, second = Superhero.objects.get(), Superhero.objects.get()

        first.toggle("is_villain")
        second.toggle("is_villain")

        self.assertFalse(Superhero.objects.get().is_villain)
        self.assertFalse(second.is_villain)
