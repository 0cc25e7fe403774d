"""Filters and orderings of the list of superheroes."""

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
    """True or false; the library's BooleanFilter ignores invalid values instead of rejecting them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=[(word, word) for word in FLAGS], coerce=lambda word: FLAGS[word], **kwargs
        )


class StableOrderingFilter(filters.OrderingFilter):
    """Order by the primary key last, so that pages neither repeat nor omit rows."""

    def filter(self, queryset: SuperheroQuerySet, value: list[str] | None) -> SuperheroQuerySet:
        """Sort by the requested fields."""
        return super().filter(queryset, [*value, "pk"] if value else value)


class SuperheroFilter(filters.FilterSet):
    """The filters of all lists."""

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
        label="Words to find in the name, real name, alias, powers or origin story.",
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
        """Keep the superheroes whose texts contain all words."""
        return queryset.search(text)


class UniverseFilter(SuperheroFilter):
    """The same filters, with `universe` required."""

    universe = filters.ChoiceFilter(choices=Universe.choices, required=True)
