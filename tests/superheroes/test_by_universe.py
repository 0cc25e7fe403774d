"""GET /api/superheroes/by_universe/."""

from tests.superheroes.builders import HEROES, ApiTestCase, hero

BY_UNIVERSE = HEROES + "by_universe/"


class ByUniverseTestCase(ApiTestCase):
    def test_returns_the_heroes_of_one_universe(self) -> None:
        hero(name="Batman", universe="DC")
        hero(name="Aquaman", universe="DC")
        hero(name="Thor", universe="Marvel")

        self.assertEqual(self.names(BY_UNIVERSE, universe="DC"), ["Aquaman", "Batman"])

    def test_accepts_every_universe(self) -> None:
        for universe in ("Marvel", "DC", "Custom", "Other"):
            hero(name=universe, universe=universe)
            self.assertEqual(self.names(BY_UNIVERSE, universe=universe), [universe])

    def test_paginates_filters_and_sorts_like_the_list(self) -> None:
        for level in (4, 6, 8):
            hero(name=f"Level {level}", universe="DC", power_level=level)

        query = {"power_level_min": 5, "ordering": "-power_level", "page_size": 1}
        page = self.client.get(BY_UNIVERSE, {"universe": "DC", **query}).json()

        self.assertEqual(page["count"], 2)
        self.assertEqual([row["name"] for row in page["results"]], ["Level 8"])

    def test_requires_a_universe(self) -> None:
        response = self.client.get(BY_UNIVERSE)

        self.assertEqual(response.status_code, 400)
        self.assertEqual(response.json(), {"universe": ["This field is required."]})

    def test_rejects_an_unknown_universe(self) -> None:
        for universe in ("", "Image", "dc"):
            with self.subTest(universe=universe):
                self.assert_refuses("universe", universe, path=BY_UNIVERSE)

    def test_takes_two_queries(self) -> None:
        hero(universe="DC")

        with self.assertNumQueries(2):
            self.client.get(BY_UNIVERSE, {"universe": "DC"})

    def test_is_read_only(self) -> None:
        self.sign_in()

        self.assertEqual(self.client.post(BY_UNIVERSE, {}).status_code, 405)
