"""GET /api/superheroes/{id}/."""

from tests.superheroes.builders import HEROES, ApiTestCase, hero


class DetailTestCase(ApiTestCase):
    def test_returns_one_superhero(self) -> None:
        storm = hero(name="Storm", universe="Marvel", weight="66.10")

        response = self.client.get(f"{HEROES}{storm.pk}/")

        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json()["id"], storm.pk)
        self.assertEqual(response.json()["name"], "Storm")
        self.assertEqual(response.json()["weight"], 66.1)

    def test_takes_one_query(self) -> None:
        path = f"{HEROES}{hero().pk}/"

        with self.assertNumQueries(1):
            self.client.get(path)

    def test_unknown_id_is_not_found(self) -> None:
        for key in ("0", "9" * 30, "-1", "batman", "1.5", "%00"):
            with self.subTest(key=key):
                response = self.client.get(f"{HEROES}{key}/")
                self.assertEqual(response.status_code, 404)

    def test_rejects_query_parameters(self) -> None:
        self.assert_refuses("universe", "DC", path=f"{HEROES}{hero(universe='DC').pk}/")
