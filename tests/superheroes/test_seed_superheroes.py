"""manage.py seed_superheroes."""

import json
import tempfile
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command
from django.test import TestCase

from superheroes.models import Superhero
from tests.superheroes.builders import hero

ONE_UNIVERSE = ("--universe", "DC")


def seed(*arguments: str) -> str:
    """Run the command and return its output."""
    output = StringIO()
    call_command("seed_superheroes", *arguments, stdout=output)
    return output.getvalue().strip()


class SeedTestCase(TestCase):
    def file(self, content: Any) -> str:
        """Write a data file and return its path."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name, "heroes.json")
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def test_fills_an_empty_database(self) -> None:
        said = seed()

        count = Superhero.objects.count()
        self.assertGreaterEqual(count, 60)
        self.assertEqual(said, f"0 deleted, {count} created, 0 updated, 0 unchanged.")

    def test_keeps_changes_made_by_users(self) -> None:
        hero(name="SUPERMAN", power_level=3)

        self.assertIn("1 unchanged", seed(*ONE_UNIVERSE))
        self.assertEqual(Superhero.objects.named("Superman").get().power_level, 3)

    def test_update_resets_existing_superheroes(self) -> None:
        hero(name="SUPERMAN", power_level=3)
        hero(name="Mine")

        self.assertIn("1 updated, 0 unchanged", seed("--update", *ONE_UNIVERSE))
        self.assertEqual(Superhero.objects.get(name="Superman").power_level, 10)
        self.assertTrue(Superhero.objects.filter(name="Mine").exists())
        self.assertIn("0 created, 0 updated", seed("--update", *ONE_UNIVERSE))

    def test_clear_deletes_everything_first(self) -> None:
        hero(name="Mine")

        self.assertIn("1 deleted", seed("--clear"))
        self.assertFalse(Superhero.objects.filter(name="Mine").exists())
        self.assertGreaterEqual(Superhero.objects.count(), 60)

    def test_dry_run_prints_the_same_counts(self) -> None:
        hero(name="Mine")

        said = seed("--dry-run", "--clear", *ONE_UNIVERSE)

        self.assertEqual(said, "Would be: " + seed("--clear", *ONE_UNIVERSE))
        self.assertTrue(said.startswith("Would be: 1 deleted, "))

    def test_dry_run_does_not_change_the_database(self) -> None:
        hero(name="Mine")

        seed("--dry-run", "--clear", *ONE_UNIVERSE)

        self.assertEqual(Superhero.objects.get().name, "Mine")

    def test_one_universe_only(self) -> None:
        seed("--universe", "Custom")

        self.assertEqual(set(Superhero.objects.values_list("universe", flat=True)), {"Custom"})

    def test_reads_another_file(self) -> None:
        self.assertIn("1 created", seed("--file", self.file([{"name": "Echo"}])))

    def test_invalid_row_is_reported_and_rolls_back(self) -> None:
        rows = [{"name": "Right"}, {"name": "Wrong", "power_level": 11}]

        with self.assertRaisesRegex(CommandError, "'Wrong'.*power_level"):
            seed("--clear", "--file", self.file(rows))
        self.assertFalse(Superhero.objects.exists())

    def test_rejects_invalid_files(self) -> None:
        for content in ("{", {"name": "Echo"}, ["Echo"]):
            with self.subTest(content=content), self.assertRaises(CommandError):
                seed("--file", self.file(content))
        with self.assertRaisesRegex(CommandError, "cannot read"):
            seed("--file", "/nowhere/heroes.json")


class SeededTestCase(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        seed()

    def test_data_covers_every_kind_of_superhero(self) -> None:
        numbers = Superhero.objects.all().statistics()
        self.assertTrue(all(numbers["by_universe"].values()), numbers)
        self.assertTrue(numbers["villains"])
        self.assertFalse(Superhero.objects.filter(powers="").exists())
        self.assertFalse(Superhero.objects.filter(origin_story="").exists())

    def test_a_second_run_changes_nothing(self) -> None:
        before = list(Superhero.objects.values())

        self.assertIn("0 created, 0 updated", seed())
        self.assertEqual(list(Superhero.objects.values()), before)
