"""GET /api/superheroes/stats/."""

from tests.superheroes.builders import HEROES, ApiTestCase, hero

STATS = HEROES + "stats/"


class StatsTestCase(ApiTestCase):
    def test_counts(self) -> None:
        hero(universe="Marvel", power_level=10)
        hero(universe="Marvel", power_level=4, is_villain=True)
        hero(universe="DC", power_level=6, is_active=False)

        self.assertEqual(
            self.client.get(STATS).json(),
            {
                "total": 3,
                "active": 2,
                "inactive": 1,
                "heroes": 2,
                "villains": 1,
                "average_power_level": 6.67,
                "by_universe": {"Marvel": 2, "DC": 1, "Custom": 0, "Other": 0},
            },
        )

    def test_average_of_an_empty_table_is_null(self) -> None:
        numbers = self.client.get(STATS).json()

        self.assertEqual(numbers["total"], 0)
        self.assertIsNone(numbers["average_power_level"])

    def test_takes_one_query(self) -> None:
        with self.assertNumQueries(1):
            self.client.get(STATS)

    def test_rejects_query_parameters(self) -> None:
        self.assert_refuses("universe", "DC", path=STATS)
