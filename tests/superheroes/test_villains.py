"""GET /api/superheroes/villains/."""

from tests.superheroes.builders import HEROES, ApiTestCase, hero

VILLAINS = HEROES + "villains/"


class VillainsTestCase(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        hero(name="Loki", is_villain=True, universe="Marvel")
        hero(name="Joker", is_villain=True, is_active=False, universe="DC")
        hero(name="Thor", universe="Marvel")

    def test_returns_active_and_inactive_villains(self) -> None:
        self.assertEqual(self.names(VILLAINS), ["Joker", "Loki"])

    def test_paginates_and_filters_like_the_list(self) -> None:
        self.assertEqual(self.names(VILLAINS, universe="DC"), ["Joker"])
        self.assertEqual(self.names(VILLAINS, ordering="-name", page_size=1), ["Loki"])

    def test_includes_villains_created_after_start_up(self) -> None:
        hero(name="Bane", is_villain=True)

        self.assertEqual(self.names(VILLAINS), ["Bane", "Joker", "Loki"])

    def test_rejects_unknown_parameters(self) -> None:
        self.assert_refuses("limit", "1", path=VILLAINS)

    def test_takes_two_queries(self) -> None:
        with self.assertNumQueries(2):
            self.client.get(VILLAINS)
