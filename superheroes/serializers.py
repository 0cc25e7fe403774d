"""How superheroes are read from JSON and written to it."""

from typing import Any

from django.db import IntegrityError, transaction
from rest_framework import serializers

from superheroes.models import Superhero

NAME_TAKEN = "A superhero with this name already exists."


class SuperheroSerializer(serializers.ModelSerializer):
    """One hero, whole."""

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

    def validate_name(self, name: str) -> str:
        """Refuse a name that somebody else has, in whatever case."""
        others = Superhero.objects.exclude(pk=self.instance.pk if self.instance else None)
        if others.named(name).exists():
            raise serializers.ValidationError(NAME_TAKEN, code="unique")
        return name

    def save(self, **kwargs: Any) -> Superhero:
        """Save, and report a name that was taken since it was checked as what it is."""
        try:
            with transaction.atomic():
                return super().save(**kwargs)
        except IntegrityError as error:
            if "superhero_name_unique" not in str(error):
                raise
            raise serializers.ValidationError({"name": [NAME_TAKEN]}, code="unique") from error


class StatisticsSerializer(serializers.Serializer):
    """The collection in numbers."""

    total = serializers.IntegerField()
    active = serializers.IntegerField()
    inactive = serializers.IntegerField()
    heroes = serializers.IntegerField()
    villains = serializers.IntegerField()
    average_power_level = serializers.FloatField(allow_null=True)
    by_universe = serializers.DictField(child=serializers.IntegerField())
