"""GET /api/superheroes/: filters."""

from datetime import datetime, timedelta

from django.utils import timezone

from superheroes.models import Superhero
from tests.superheroes.builders import HEROES, ApiTestCase, hero, postgresql_only


class FilterTestCase(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        hero(name="Ant", universe="Marvel", power_level=2, age=20, height="10.50", weight="0.50")
        hero(name="Bee", universe="DC", power_level=5, age=40, height=170, weight=60)
        hero(name="Cat", universe="DC", power_level=9, is_active=False, is_villain=True)

    def test_by_universe(self) -> None:
        self.assertEqual(self.names(universe="DC"), ["Bee", "Cat"])

    def test_by_flags(self) -> None:
        self.assertEqual(self.names(is_active="true"), ["Ant", "Bee"])
        self.assertEqual(self.names(is_active="false"), ["Cat"])
        self.assertEqual(self.names(is_villain="true"), ["Cat"])
        self.assertEqual(self.names(is_villain="false"), ["Ant", "Bee"])

    def test_by_exact_power_level(self) -> None:
        self.assertEqual(self.names(power_level=5), ["Bee"])

    def test_ranges_include_their_ends(self) -> None:
        self.assertEqual(self.names(power_level_min=5), ["Bee", "Cat"])
        self.assertEqual(self.names(power_level_max=5), ["Ant", "Bee"])
        self.assertEqual(self.names(power_level_min=3, power_level_max=8), ["Bee"])

    def test_missing_measure_is_in_no_range(self) -> None:
        self.assertEqual(self.names(age_min=0), ["Ant", "Bee"])
        self.assertEqual(self.names(height_min="0.01"), ["Ant", "Bee"])

    def test_measures_have_decimals(self) -> None:
        self.assertEqual(self.names(height_max="10.50"), ["Ant"])
        self.assertEqual(self.names(height_max="10.49"), [])
        self.assertEqual(self.names(weight_min="0.5", weight_max="59.99"), ["Ant"])

    def test_filters_combine(self) -> None:
        self.assertEqual(self.names(universe="DC", is_villain="false", age_max=40), ["Bee"])

    def test_empty_parameter_is_ignored(self) -> None:
        self.assertEqual(self.names(universe="", is_active="", age_min=""), ["Ant", "Bee", "Cat"])


class DateTestCase(ApiTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.noon = timezone.make_aware(datetime(2024, 2, 29, 12))  # noqa: DTZ001
        for name, hours in (("Old", -1), ("Noon", 0), ("New", 1)):
            moment = cls.noon + timedelta(hours=hours)
            Superhero.objects.filter(pk=hero(name=name).pk).update(
                created_at=moment, updated_at=moment
            )

    def test_by_creation_time_including_bounds(self) -> None:
        noon = self.noon.isoformat()
        self.assertEqual(self.names(created_after=noon), ["New", "Noon"])
        self.assertEqual(self.names(created_before=noon), ["Noon", "Old"])

    def test_by_update_time(self) -> None:
        later = (self.noon + timedelta(minutes=1)).isoformat()
        self.assertEqual(self.names(updated_after=later), ["New"])
        self.assertEqual(self.names(updated_before=later), ["Noon", "Old"])

    def test_accepts_a_time_zone(self) -> None:
        self.assertEqual(self.names(created_after="2024-02-29T14:30:00+02:00"), ["New"])

    def test_date_means_midnight(self) -> None:
        self.assertEqual(len(self.names(created_after="2024-02-29")), 3)
        self.assertEqual(self.names(created_after="2024-03-01"), [])

    @postgresql_only
    def test_accepts_the_earliest_and_latest_times(self) -> None:
        self.assertEqual(len(self.names(created_after="0001-01-01T00:00:00+14:00")), 3)
        self.assertEqual(len(self.names(created_before="9999-12-31T23:59:59-14:00")), 3)


class RefusalTestCase(ApiTestCase):
    def test_rejects_invalid_values_by_parameter(self) -> None:
        wrong = {
            "universe": ("Image", "dc", "DC,Marvel"),
            "is_active": ("maybe", "1", "True"),
            "is_villain": ("2",),
            "power_level": ("0", "11", "high"),
            "power_level_min": ("0", "11", "five", "5.5"),
            "power_level_max": ("-1",),
            "age_min": ("-1", "old", "9" * 30),
            "age_max": ("1e3",),
            "height_min": ("0", "NaN", "Infinity", "tall"),
            "height_max": ("1e9999",),
            "weight_min": ("-0.01",),
            "weight_max": ("0x10",),
            "created_after": ("yesterday", "2024-02-30", "2024-02-29T25:00:00Z"),
            "created_before": ("1",),
            "updated_after": ("2024-13-01",),
            "updated_before": ("\x00",),
        }
        for parameter, values in wrong.items():
            for value in values:
                with self.subTest(parameter=parameter, value=value):
                    self.assert_refuses(parameter, value)

    def test_rejects_unknown_parameters(self) -> None:
        self.assert_refuses("univers", "DC")
        self.assert_refuses("limit", "5")
        self.assert_refuses("format", "api")

    def test_error_lists_the_known_parameters(self) -> None:
        [message] = self.client.get(HEROES, {"univers": "DC"}).json()["univers"]

        self.assertIn("universe", message)
        self.assertIn("page_size", message)

    def test_reports_all_errors_at_once(self) -> None:
        response = self.client.get(HEROES, {"universe": "Image", "age_min": "x"})

        self.assertEqual(set(response.json()), {"universe", "age_min"})

    def test_rejection_needs_no_query(self) -> None:
        with self.assertNumQueries(0):
            self.client.get(HEROES, {"universe": "Image"})
