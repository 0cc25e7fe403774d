"""The API of superheroes."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from superheroes.filters import SuperheroFilter, UniverseFilter
from superheroes.models import Superhero
from superheroes.query import LimitQuerySerializer, StrictQueryViewSet
from superheroes.serializers import StatisticsSerializer, SuperheroSerializer

# A list without filters and pagination.
PLAIN = {"filterset_class": None, "pagination_class": None}


@extend_schema_view(
    list=extend_schema(description="Return a page of superheroes, filtered and sorted."),
    create=extend_schema(description="Add a superhero."),
    retrieve=extend_schema(description="Return one superhero."),
    update=extend_schema(description="Replace a superhero."),
    partial_update=extend_schema(description="Update some fields of a superhero."),
    destroy=extend_schema(description="Delete a superhero."),
)
class SuperheroViewSet(StrictQueryViewSet, ModelViewSet):
    """Read superheroes; write them with a token or a session."""

    queryset = Superhero.objects.all()
    serializer_class = SuperheroSerializer
    filterset_class = SuperheroFilter

    @extend_schema(responses=SuperheroSerializer(many=True), filters=True)
    @action(detail=False, filterset_class=UniverseFilter)
    def by_universe(self, request: Request) -> Response:
        """Return the superheroes of one universe."""
        return self.list(request)

    @extend_schema(responses=SuperheroSerializer(many=True), filters=True)
    @action(detail=False, queryset=Superhero.objects.villains())
    def villains(self, request: Request) -> Response:
        """Return the villains."""
        return self.list(request)

    @extend_schema(parameters=[LimitQuerySerializer], responses=SuperheroSerializer(many=True))
    @action(detail=False, query_serializer_class=LimitQuerySerializer, **PLAIN)
    def top_superheroes(self, request: Request) -> Response:
        """Return the most powerful active superheroes, without villains."""
        heroes = self.get_queryset().strongest()[: self.query()["limit"]]
        return Response(self.get_serializer(heroes, many=True).data)

    @extend_schema(responses=StatisticsSerializer)
    @action(detail=False, **PLAIN)
    def stats(self, request: Request) -> Response:
        """Return statistics of all superheroes."""
        return Response(StatisticsSerializer(self.get_queryset().statistics()).data)

    @extend_schema(request=None, responses=SuperheroSerializer)
    @action(detail=True, methods=["post"])
    def toggle_villain(self, request: Request, **kwargs: Any) -> Response:
        """Turn a hero into a villain or back."""
        return self._toggle("is_villain")

    @extend_schema(request=None, responses=SuperheroSerializer)
    @action(detail=True, methods=["post"])
    def toggle_active(self, request: Request, **kwargs: Any) -> Response:
        """Deactivate or reactivate a superhero."""
        return self._toggle("is_active")

    def _toggle(self, field: str) -> Response:
        hero = self.get_object()
        hero.toggle(field)
        return Response(self.get_serializer(hero).data)
