"""What the list of superheroes can be narrowed to and sorted by; anything else is refused."""

from typing import Any

from django import forms
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from superheroes.models import (
    MAX_AGE,
    MAX_MEASURE,
    MAX_POWER_LEVEL,
    MIN_MEASURE,
    MIN_POWER_LEVEL,
    Superhero,
    SuperheroQuerySet,
    Universe,
)

FLAGS = {"true": True, "false": False}
AGES = {"min_value": 0, "max_value": MAX_AGE}
MEASURES = {"min_value": MIN_MEASURE, "max_value": MAX_MEASURE}
POWER_LEVELS = {"min_value": MIN_POWER_LEVEL, "max_value": MAX_POWER_LEVEL}


class IntegerFilter(filters.NumberFilter):
    """A whole number."""

    field_class = forms.IntegerField


@extend_schema_field(OpenApiTypes.BOOL)
class FlagFilter(filters.TypedChoiceFilter):
    """True or false; the library's own BooleanFilter takes anything else for "not asked"."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=[(word, word) for word in FLAGS], coerce=lambda word: FLAGS[word], **kwargs
        )


class StableOrderingFilter(filters.OrderingFilter):
    """Ends every order with the key, so that pages neither repeat a row nor leave one out."""

    def filter(self, queryset: SuperheroQuerySet, value: list[str] | None) -> SuperheroQuerySet:
        """Sort by the fields asked for."""
        return super().filter(queryset, [*value, "pk"] if value else value)


class SuperheroFilter(filters.FilterSet):
    """The filters of every list."""

    universe = filters.ChoiceFilter(choices=Universe.choices)
    is_active = FlagFilter()
    is_villain = FlagFilter()
    power_level = IntegerFilter(**POWER_LEVELS)
    power_level_min = IntegerFilter("power_level", "gte", **POWER_LEVELS)
    power_level_max = IntegerFilter("power_level", "lte", **POWER_LEVELS)
    age_min = IntegerFilter("age", "gte", **AGES)
    age_max = IntegerFilter("age", "lte", **AGES)
    height_min = filters.NumberFilter("height", "gte", **MEASURES)
    height_max = filters.NumberFilter("height", "lte", **MEASURES)
    weight_min = filters.NumberFilter("weight", "gte", **MEASURES)
    weight_max = filters.NumberFilter("weight", "lte", **MEASURES)
    created_after = filters.IsoDateTimeFilter("created_at", "gte")
    created_before = filters.IsoDateTimeFilter("created_at", "lte")
    updated_after = filters.IsoDateTimeFilter("updated_at", "gte")
    updated_before = filters.IsoDateTimeFilter("updated_at", "lte")
    search = filters.CharFilter(
        method="filter_search",
        max_length=100,
        label="Words that the name, real name, alias, powers or origin story hold.",
    )
    ordering = StableOrderingFilter(
        fields=[
            "name",
            "power_level",
            "age",
            "height",
            "weight",
            "universe",
            "created_at",
            "updated_at",
        ]
    )

    class Meta:
        model = Superhero
        fields: list[str] = []

    def filter_search(self, queryset: SuperheroQuerySet, _: str, text: str) -> SuperheroQuerySet:
        """Narrow to the heroes who are found by a text."""
        return queryset.search(text)


class UniverseFilter(SuperheroFilter):
    """The same, of one universe that has to be named."""

    universe = filters.ChoiceFilter(choices=Universe.choices, required=True)
