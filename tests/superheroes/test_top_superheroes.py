"""GET /api/superheroes/top_superheroes/."""

from superheroes.models import Superhero
from tests.superheroes.builders import HEROES, ApiTestCase, hero

TOP = HEROES + "top_superheroes/"


class TopSuperheroesTestCase(ApiTestCase):
    def test_sorts_by_power_level_then_name(self) -> None:
        for name, level in (("Weak", 1), ("Zeus", 9), ("Ares", 9), ("Top", 10)):
            hero(name=name, power_level=level)

        self.assertEqual(self.names(TOP), ["Top", "Ares", "Zeus", "Weak"])

    def test_excludes_villains_and_inactive_superheroes(self) -> None:
        hero(name="Villain", power_level=10, is_villain=True)
        hero(name="Retired", power_level=10, is_active=False)
        hero(name="Hero", power_level=1)

        self.assertEqual(self.names(TOP), ["Hero"])

    def test_default_limit_is_ten(self) -> None:
        Superhero.objects.bulk_create(Superhero(name=f"Hero {n:02}") for n in range(12))

        self.assertEqual(len(self.names(TOP)), 10)
        self.assertEqual(len(self.names(TOP, limit=1)), 1)
        self.assertEqual(len(self.names(TOP, limit=100)), 12)

    def test_rejects_invalid_limits(self) -> None:
        for limit in ("0", "-1", "101", "ten", "1.5", "9" * 30):
            with self.subTest(limit=limit):
                self.assert_refuses("limit", limit, path=TOP)

    def test_rejects_other_parameters(self) -> None:
        self.assert_refuses("page", "1", path=TOP)
        self.assert_refuses("universe", "DC", path=TOP)

    def test_takes_one_query(self) -> None:
        hero()
        hero()

        with self.assertNumQueries(1):
            self.client.get(TOP)
