"""DELETE /api/superheroes/{id}/."""

from superheroes.models import Superhero
from tests.superheroes.builders import HEROES, ApiTestCase, hero


class DeleteTestCase(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in()

    def test_deletes_only_this_superhero(self) -> None:
        gone, kept = hero(), hero()

        response = self.client.delete(f"{HEROES}{gone.pk}/")

        self.assertEqual(response.status_code, 204)
        self.assertEqual(response.content, b"")
        self.assertEqual(list(Superhero.objects.all()), [kept])

    def test_second_delete_is_not_found(self) -> None:
        path = f"{HEROES}{hero().pk}/"

        self.client.delete(path)

        self.assertEqual(self.client.delete(path).status_code, 404)
        self.assertEqual(self.client.get(path).status_code, 404)

    def test_name_is_available_again(self) -> None:
        self.client.delete(f"{HEROES}{hero(name='Echo').pk}/")

        self.assertEqual(self.client.post(HEROES, {"name": "echo"}).status_code, 201)
