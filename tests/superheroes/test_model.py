"""The rules that the database keeps when nobody else does."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, connection, transaction
from django.test import TestCase

from superheroes.models import Superhero
from tests.superheroes.builders import hero


class ConstraintTestCase(TestCase):
    """Saves without any validation, as a script or another program would."""

    def assert_violates(self, constraint: str, **facts: Any) -> None:
        with self.assertRaisesRegex(IntegrityError, constraint), transaction.atomic():
            hero(**facts)

    def test_names_are_unique_whatever_the_case(self) -> None:
        hero(name="Batman")

        self.assert_violates("superhero_name_unique", name="BATMAN")

    def test_a_change_may_not_take_a_name_either(self) -> None:
        hero(name="Batman")
        hero(name="Robin")

        with self.assertRaises(IntegrityError), transaction.atomic():
            Superhero.objects.filter(name="Robin").update(name="bATMAN")

    def test_a_name_is_not_empty(self) -> None:
        self.assert_violates("superhero_name_not_empty", name="")

    def test_power_levels_go_from_one_to_ten(self) -> None:
        hero(power_level=1)
        hero(power_level=10)
        self.assert_violates("superhero_power_level_range", power_level=0)
        self.assert_violates("superhero_power_level_range", power_level=11)

    def test_a_universe_is_one_of_four(self) -> None:
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

    def test_a_measure_that_is_not_a_number_is_refused(self) -> None:
        hero()
        with (
            self.assertRaises((IntegrityError, DataError)),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE superheroes_superhero SET height = CAST('NaN' AS numeric)")

    def test_what_is_unknown_is_allowed(self) -> None:
        unknown = hero(age=None, height=None, weight=None)

        self.assertIsNone(Superhero.objects.get(pk=unknown.pk).age)


class SuperheroTestCase(TestCase):
    def test_is_called_by_name(self) -> None:
        self.assertEqual(str(Superhero(name="Storm")), "Storm")

    def test_forms_learn_of_a_taken_name_from_the_constraint(self) -> None:
        hero(name="Storm")

        with self.assertRaisesRegex(ValidationError, "already exists"):
            Superhero(name="storm").full_clean()

    def test_is_found_by_name_in_the_case_rules_of_the_database(self) -> None:
        storm = hero(name="Storm")

        self.assertEqual(list(Superhero.objects.named("sTORM")), [storm])
        self.assertEqual(list(Superhero.objects.named("Stor_")), [])
