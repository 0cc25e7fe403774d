"""The superhero model, its constraints and its queries."""

from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Avg, Count, F, Q, Value
from django.db.models.functions import Lower, Round

MIN_POWER_LEVEL, MAX_POWER_LEVEL = 1, 10
MAX_AGE = 1_000_000
MIN_MEASURE, MAX_MEASURE = Decimal("0.01"), Decimal("99999.99")
SEARCHED_FIELDS = ("name", "real_name", "alias", "powers", "origin_story")

MEASURE_VALIDATORS = [MinValueValidator(MIN_MEASURE), MaxValueValidator(MAX_MEASURE)]


class Universe(models.TextChoices):
    """The publisher of a superhero."""

    MARVEL = "Marvel", "Marvel"
    DC = "DC", "DC"
    CUSTOM = "Custom", "Custom"
    OTHER = "Other", "Other"


class SuperheroQuerySet(models.QuerySet["Superhero"]):
    """Named queries of the API."""

    def named(self, name: str) -> "SuperheroQuerySet":
        """Return superheroes with this name, compared case-insensitively as the unique constraint does."""
        return self.alias(name_lower=Lower("name")).filter(name_lower=Lower(Value(name)))

    def villains(self) -> "SuperheroQuerySet":
        """Return the villains."""
        return self.filter(is_villain=True)

    def strongest(self) -> "SuperheroQuerySet":
        """Return active superheroes without villains, most powerful first."""
        return self.filter(is_active=True, is_villain=False).order_by("-power_level", "name")

    def search(self, text: str) -> "SuperheroQuerySet":
        """Return superheroes whose text fields contain every word."""
        found = self
        for word in text.split():
            anywhere = Q.create(
                [(f"{field}__icontains", word) for field in SEARCHED_FIELDS], connector=Q.OR
            )
            found = found.filter(anywhere)
        return found

    def statistics(self) -> dict[str, Any]:
        """Return counts and the average power level (None if empty), in one query."""
        numbers = self.aggregate(
            total=Count("pk"),
            active=Count("pk", filter=Q(is_active=True)),
            villains=Count("pk", filter=Q(is_villain=True)),
            average_power_level=Round(Avg("power_level"), 2),
            **{name: Count("pk", filter=Q(universe=name)) for name in Universe.values},
        )
        by_universe = {name: numbers.pop(name) for name in Universe.values}
        return {
            **numbers,
            "inactive": numbers["total"] - numbers["active"],
            "heroes": numbers["total"] - numbers["villains"],
            "by_universe": by_universe,
        }


class Superhero(models.Model):
    """A hero or villain."""

    name = models.CharField(max_length=100, help_text="Unique, whatever the case of its letters.")
    real_name = models.CharField(max_length=100, blank=True)
    alias = models.CharField(max_length=100, blank=True)
    age = models.PositiveIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(MAX_AGE)], help_text="In years."
    )
    height = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=MEASURE_VALIDATORS,
        help_text="In centimetres.",
    )
    weight = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=MEASURE_VALIDATORS,
        help_text="In kilograms.",
    )
    powers = models.TextField(max_length=2_000, blank=True, help_text="Separated by commas.")
    power_level = models.PositiveSmallIntegerField(
        default=MIN_POWER_LEVEL,
        validators=[MinValueValidator(MIN_POWER_LEVEL), MaxValueValidator(MAX_POWER_LEVEL)],
        help_text="From 1, a trained human, to 10, a cosmic force.",
    )
    origin_story = models.TextField(max_length=10_000, blank=True)
    universe = models.CharField(max_length=10, choices=Universe, default=Universe.OTHER)
    is_active = models.BooleanField(default=True)
    is_villain = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SuperheroQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "superheroes"
        indexes = [models.Index(fields=["-power_level", "name"], name="superhero_strongest")]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="superhero_name_unique",
                violation_error_message="A superhero with this name already exists.",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="superhero_name_not_empty"),
            models.CheckConstraint(
                condition=Q(power_level__range=(MIN_POWER_LEVEL, MAX_POWER_LEVEL)),
                name="superhero_power_level_range",
            ),
            models.CheckConstraint(
                condition=Q(universe__in=Universe.values), name="superhero_universe_known"
            ),
            models.CheckConstraint(
                condition=Q(age__range=(0, MAX_AGE)), name="superhero_age_range"
            ),
            # The upper bounds also exclude PostgreSQL's NaN, which is greater than any number.
            models.CheckConstraint(
                condition=Q(height__range=(MIN_MEASURE, MAX_MEASURE)),
                name="superhero_height_range",
            ),
            models.CheckConstraint(
                condition=Q(weight__range=(MIN_MEASURE, MAX_MEASURE)),
                name="superhero_weight_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def toggle(self, field: str) -> None:
        """Invert a flag in the database, so that concurrent toggles are not lost."""
        setattr(self, field, ~F(field))
        self.save(update_fields=[field, "updated_at"])
        self.refresh_from_db()
