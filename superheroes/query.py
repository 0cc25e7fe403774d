"""Query parameters: what each one may hold, and a refusal by name of those nobody knows."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet


class PageQuerySerializer(serializers.Serializer):
    """Which part of a list is asked for."""

    page = serializers.IntegerField(min_value=1, default=1)
    page_size = serializers.IntegerField(min_value=1, max_value=100, default=20)


class LimitQuerySerializer(serializers.Serializer):
    """How many rows are asked for."""

    limit = serializers.IntegerField(min_value=1, max_value=100, default=10)


class StrictPagination(PageNumberPagination):
    """Pages by number; a page that does not exist is the client's mistake and is named as such."""

    page_size_query_param = "page_size"
    page_size_query_description = "Rows on a page, 1 to 100; 20 unless asked otherwise."

    def get_page_size(self, request: Request) -> int:
        """Return the size asked for, or refuse it."""
        query = PageQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        return query.validated_data["page_size"]

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Return the rows of the page asked for, or refuse it."""
        try:
            return super().paginate_queryset(queryset, request, view=view)
        except NotFound as error:
            raise ValidationError({"page": ["There is no such page."]}) from error

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page; the library's own description is of OpenAPI 3.0, where null was no type."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer"},
                "next": link,
                "previous": link,
                "results": schema,
            },
        }


class StrictQueryViewSet(GenericViewSet):
    """Refuses parameters that an action does not know: a misspelt filter must not look like none."""

    pagination_class: type[StrictPagination] | None = StrictPagination
    query_serializer_class = serializers.Serializer  # without fields: no parameters of its own

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the parameters' names once the client is known to be allowed in."""
        super().initial(request, *args, **kwargs)
        known = self.known_parameters()
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            hint = f"known are {', '.join(known)}" if known else "none is known here"
            raise ValidationError({name: [f"Unknown parameter; {hint}."] for name in unknown})

    def known_parameters(self) -> list[str]:
        """Return the names that the current action reads."""
        if self.detail or self.request.method not in SAFE_METHODS:
            return []
        return [
            *(self.filterset_class.base_filters if self.filterset_class else ()),
            *(PageQuerySerializer().fields if self.pagination_class else ()),
            *self.query_serializer_class().fields,
        ]

    def query(self) -> dict[str, Any]:
        """Return the parameters of the action's query serializer, or refuse them."""
        serializer = self.query_serializer_class(data=self.request.query_params)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data
