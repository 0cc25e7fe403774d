"""Serializers of the API."""

from typing import Any

from django.db import IntegrityError, transaction
from rest_framework import serializers

from superheroes.models import Superhero


class SuperheroSerializer(serializers.ModelSerializer):
    """A superhero with all fields."""

    class Meta:
        model = Superhero
        fields = [
            "id",
            "name",
            "real_name",
            "alias",
            "age",
            "height",
            "weight",
            "powers",
            "power_level",
            "origin_story",
            "universe",
            "is_active",
            "is_villain",
            "created_at",
            "updated_at",
        ]

    def save(self, **kwargs: Any) -> Superhero:
        """Save, and let the database decide whether the name is taken.

        A check before saving could not prevent a concurrent request with the same name.
        """
        try:
            with transaction.atomic():
                return super().save(**kwargs)
        except IntegrityError as error:
            if "superhero_name_unique" not in str(error):
                raise
            message = "A superhero with this name already exists."
            raise serializers.ValidationError({"name": [message]}, code="unique") from error


class StatisticsSerializer(serializers.Serializer):
    """Statistics of all superheroes."""

    total = serializers.IntegerField()
    active = serializers.IntegerField()
    inactive = serializers.IntegerField()
    heroes = serializers.IntegerField()
    villains = serializers.IntegerField()
    average_power_level = serializers.FloatField(allow_null=True)
    by_universe = serializers.DictField(child=serializers.IntegerField())
