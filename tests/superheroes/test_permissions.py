"""Permissions."""

from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from superheroes.models import Superhero
from tests.superheroes.builders import HEROES, ApiTestCase, body, hero


class PermissionsTestCase(ApiTestCase):
    def test_anonymous_users_read_everything(self) -> None:
        key = hero().pk
        for path in ("", f"{key}/", "by_universe/?universe=DC", "top_superheroes/", "stats/"):
            with self.subTest(path=path):
                self.assertEqual(self.client.get(HEROES + path).status_code, 200)

    def test_anonymous_users_cannot_write(self) -> None:
        path = f"{HEROES}{hero(name='Kept').pk}/"
        attempts = [
            self.client.post(HEROES, body()),
            self.client.put(path, body()),
            self.client.patch(path, {"name": "Lost"}),
            self.client.delete(path),
        ]
        for response in attempts:
            self.assertEqual(response.status_code, 401)
            self.assertEqual(response.headers["WWW-Authenticate"], "Token")
        self.assertEqual(Superhero.objects.get().name, "Kept")

    def test_token_allows_writing(self) -> None:
        self.sign_in()

        self.assertEqual(self.client.post(HEROES, body()).status_code, 201)

    def test_invalid_token_cannot_read(self) -> None:
        self.client.credentials(HTTP_AUTHORIZATION="Token wrong")

        self.assertEqual(self.client.get(HEROES).status_code, 401)

    def test_token_of_an_inactive_user_is_invalid(self) -> None:
        User.objects.filter(pk=self.sign_in().pk).update(is_active=False)

        self.assertEqual(self.client.post(HEROES, body()).status_code, 401)

    def test_session_with_csrf_token_allows_writing(self) -> None:
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(User.objects.create_user("editor", is_staff=True))

        self.assertEqual(client.post(HEROES, body()).status_code, 403)
        client.get("/admin/password_change/")  # any page with a form sets the cookie
        client.credentials(HTTP_X_CSRFTOKEN=client.cookies["csrftoken"].value)
        self.assertEqual(client.post(HEROES, body()).status_code, 201)

    def test_authentication_takes_one_query(self) -> None:
        user = self.sign_in()
        key = hero().pk

        with self.assertNumQueries(2):  # the token with its user, and the hero
            self.client.get(f"{HEROES}{key}/")
        self.assertTrue(Token.objects.filter(user=user).exists())
