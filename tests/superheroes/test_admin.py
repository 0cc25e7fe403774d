"""/admin/."""

from django.contrib.auth.models import User

from superheroes.models import Superhero
from tests.superheroes.builders import ApiTestCase, hero

ADMIN = "/admin/superheroes/superhero/"


class AdminTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(User.objects.create_superuser("root"))

    def test_anonymous_user_is_redirected_to_the_login(self) -> None:
        self.client.logout()

        response = self.client.get(ADMIN)

        self.assertEqual(response.status_code, 302)
        self.assertIn("/admin/login/", response.headers["Location"])

    def test_lists_and_searches(self) -> None:
        hero(name="Storm", real_name="Ororo Munroe")
        hero(name="Thor")

        response = self.client.get(ADMIN, {"q": "ororo"})

        self.assertContains(response, "Storm")
        self.assertNotContains(response, "Thor")

    def test_adds_a_superhero(self) -> None:
        form = {"name": "Storm", "power_level": "8", "universe": "Marvel", "is_active": "on"}

        response = self.client.post(ADMIN + "add/", form, format="multipart")

        self.assertEqual(response.status_code, 302)
        self.assertEqual(Superhero.objects.get().power_level, 8)

    def test_duplicate_name_is_a_form_error(self) -> None:
        hero(name="Storm")
        form = {"name": "STORM", "power_level": "8", "universe": "Marvel"}

        response = self.client.post(ADMIN + "add/", form, format="multipart")

        self.assertContains(response, "already exists")
        self.assertEqual(Superhero.objects.count(), 1)

    def test_change_page_of_a_superhero_opens(self) -> None:
        response = self.client.get(f"{ADMIN}{hero(name='Storm').pk}/change/")

        self.assertContains(response, "Storm")
