"""POST /api/superheroes/{id}/toggle_active/."""

from superheroes.models import Superhero
from tests.superheroes.builders import HEROES, ApiTestCase, hero


class ToggleActiveTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in()
        self.hero = hero(is_active=False)
        self.path = f"{HEROES}{self.hero.pk}/toggle_active/"

    def test_inverts_the_flag_and_returns_the_superhero(self) -> None:
        response = self.client.post(self.path)

        self.assertEqual(response.status_code, 200)
        self.assertTrue(response.json()["is_active"])
        self.assertTrue(Superhero.objects.get().is_active)

    def test_toggling_twice_restores_the_flag(self) -> None:
        self.client.post(self.path)

        self.assertFalse(self.client.post(self.path).json()["is_active"])

    def test_changes_only_the_flag_and_the_update_time(self) -> None:
        before = self.client.get(f"{HEROES}{self.hero.pk}/").json()

        after = self.client.post(self.path).json()

        changed = {field for field in before if before[field] != after[field]}
        self.assertEqual(changed, {"is_active", "updated_at"})

    def test_requires_authentication(self) -> None:
        self.client.credentials()

        self.assertEqual(self.client.post(self.path).status_code, 401)
        self.assertFalse(Superhero.objects.get().is_active)

    def test_get_changes_nothing(self) -> None:
        self.assertEqual(self.client.get(self.path).status_code, 405)
        self.assertFalse(Superhero.objects.get().is_active)

    def test_unknown_id_is_not_found(self) -> None:
        self.assertEqual(self.client.post(f"{HEROES}0/toggle_active/").status_code, 404)
