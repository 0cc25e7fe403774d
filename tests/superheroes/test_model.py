"""Database constraints."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, connection, transaction
from django.test import TestCase

from superheroes.models import Superhero
from tests.superheroes.builders import hero


class ConstraintTestCase(TestCase):
    """Save without validation, as a script might."""

    def assert_violates(self, constraint: str, **facts: Any) -> None:
        with self.assertRaisesRegex(IntegrityError, constraint), transaction.atomic():
            hero(**facts)

    def test_names_are_unique_in_any_case(self) -> None:
        hero(name="Batman")

        self.assert_violates("superhero_name_unique", name="BATMAN")

    def test_update_cannot_take_another_name(self) -> None:
        hero(name="Batman")
        hero(name="Robin")

        with self.assertRaises(IntegrityError), transaction.atomic():
            Superhero.objects.filter(name="Robin").update(name="bATMAN")

    def test_name_is_not_empty(self) -> None:
        self.assert_violates("superhero_name_not_empty", name="")

    def test_power_levels_range_from_one_to_ten(self) -> None:
        hero(power_level=1)
        hero(power_level=10)
        self.assert_violates("superhero_power_level_range", power_level=0)
        self.assert_violates("superhero_power_level_range", power_level=11)

    def test_universe_is_one_of_four(self) -> None:
        self.assert_violates("superhero_universe_known", universe="Image")
        self.assert_violates("superhero_universe_known", universe="")

    def test_ages_have_bounds(self) -> None:
        hero(age=0)
        self.assert_violates("superhero_age_range", age=1_000_001)
        with self.assertRaises(IntegrityError), transaction.atomic():
            hero(age=-1)

    def test_measures_have_bounds(self) -> None:
        for field in ("height", "weight"):
            hero(**{field: Decimal("0.01")})
            self.assert_violates(f"superhero_{field}_range", **{field: 0})
            self.assert_violates(f"superhero_{field}_range", **{field: -1})

    def test_rejects_nan_measures(self) -> None:
        hero()
        with (
            self.assertRaises((IntegrityError, DataError)),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE superheroes_superhero SET height = CAST('NaN' AS numeric)")

    def test_measures_are_optional(self) -> None:
        unknown = hero(age=None, height=None, weight=None)

        self.assertIsNone(Superhero.objects.get(pk=unknown.pk).age)


class SuperheroTestCase(TestCase):
    def test_str_is_the_name(self) -> None:
        self.assertEqual(str(Superhero(name="Storm")), "Storm")

    def test_form_validation_uses_the_unique_constraint(self) -> None:
        hero(name="Storm")

        with self.assertRaisesRegex(ValidationError, "already exists"):
            Superhero(name="storm").full_clean()

    def test_named_uses_the_case_rules_of_the_database(self) -> None:
        storm = hero(name="Storm")

        self.assertEqual(list(Superhero.objects.named("sTORM")), [storm])
        self.assertEqual(list(Superhero.objects.named("Stor_")), [])
