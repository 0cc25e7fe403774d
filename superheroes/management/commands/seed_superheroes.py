"""Fill the database with well-known superheroes."""

import json
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from superheroes.models import Superhero, Universe
from superheroes.serializers import SuperheroSerializer

DATA = Path(__file__).resolve().parents[2] / "data" / "superheroes.json"


class Command(BaseCommand):
    """Create the missing superheroes; idempotent."""

    help = "Create the superheroes in a JSON file that are not in the database yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--file", type=Path, default=DATA, help="read this file instead")
        parser.add_argument(
            "--universe", choices=Universe.values, help="only superheroes of this universe"
        )
        parser.add_argument(
            "--update", action="store_true", help="also reset existing superheroes to the file"
        )
        parser.add_argument(
            "--clear", action="store_true", help="delete ALL superheroes first, including your own"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print the changes without making them"
        )

    def handle(self, **options: Any) -> None:
        """Apply the whole file, or nothing if it contains an error."""
        rows = read(options["file"])
        if options["universe"]:
            rows = [row for row in rows if row.get("universe") == options["universe"]]
        counts: Counter[str] = Counter()
        with transaction.atomic():
            if options["clear"]:
                counts["deleted"], _ = Superhero.objects.all().delete()
            for row in rows:
                counts[store(row, update=options["update"])] += 1
            transaction.set_rollback(options["dry_run"])
        words = ", ".join(
            f"{counts[word]} {word}" for word in ("deleted", "created", "updated", "unchanged")
        )
        self.stdout.write(f"{'Would be: ' if options['dry_run'] else ''}{words}.")


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a data file."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"cannot read {path}: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CommandError(f"{path} must contain a list of objects, one per superhero")
    return rows


def store(row: dict[str, Any], *, update: bool) -> str:
    """Create or update a superhero with the API's validation; return 'created', 'updated' or 'unchanged'."""
    name = str(row.get("name", ""))
    hero = Superhero.objects.named(name).first()
    serializer = SuperheroSerializer(hero, data=row)
    if not serializer.is_valid():
        raise CommandError(f"superhero {name!r}: {json.dumps(serializer.errors)}")
    if hero and not (update and differs(hero, serializer.validated_data)):
        return "unchanged"
    serializer.save()
    return "updated" if hero else "created"


def differs(hero: Superhero, values: dict[str, Any]) -> bool:
    """Return whether any stored value differs."""
    return any(getattr(hero, field) != value for field, value in values.items())
