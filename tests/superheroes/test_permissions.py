"""Who may read and who may write."""

from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from superheroes.models import Superhero
from tests.superheroes.builders import HEROES, ApiTestCase, body, hero


class PermissionsTestCase(ApiTestCase):
    def test_strangers_read_everything(self) -> None:
        key = hero().pk
        for path in ("", f"{key}/", "by_universe/?universe=DC", "top_superheroes/", "stats/"):
            with self.subTest(path=path):
                self.assertEqual(self.client.get(HEROES + path).status_code, 200)

    def test_strangers_write_nothing_and_learn_how(self) -> None:
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

    def test_a_token_may_write(self) -> None:
        self.sign_in()

        self.assertEqual(self.client.post(HEROES, body()).status_code, 201)

    def test_a_wrong_token_may_not_even_read(self) -> None:
        self.client.credentials(HTTP_AUTHORIZATION="Token wrong")

        self.assertEqual(self.client.get(HEROES).status_code, 401)

    def test_the_token_of_somebody_who_left_is_worth_nothing(self) -> None:
        User.objects.filter(pk=self.sign_in().pk).update(is_active=False)

        self.assertEqual(self.client.post(HEROES, body()).status_code, 401)

    def test_a_session_may_write_if_the_page_was_ours(self) -> None:
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(User.objects.create_user("editor", is_staff=True))

        self.assertEqual(client.post(HEROES, body()).status_code, 403)
        client.get("/admin/password_change/")  # any page with a form sets the cookie
        client.credentials(HTTP_X_CSRFTOKEN=client.cookies["csrftoken"].value)
        self.assertEqual(client.post(HEROES, body()).status_code, 201)

    def test_knowing_who_writes_takes_one_query(self) -> None:
        user = self.sign_in()
        key = hero().pk

        with self.assertNumQueries(2):  # the token with its user, and the hero
            self.client.get(f"{HEROES}{key}/")
        self.assertTrue(Token.objects.filter(user=user).exists())
