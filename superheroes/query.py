"""Validation of query parameters; unknown parameters are rejected by name."""

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
    """The requested page of a list."""

    page = serializers.IntegerField(min_value=1, default=1)
    page_size = serializers.IntegerField(min_value=1, max_value=100, default=20)


class LimitQuerySerializer(serializers.Serializer):
    """The requested number of rows."""

    limit = serializers.IntegerField(min_value=1, max_value=100, default=10)


class StrictPagination(PageNumberPagination):
    """Numbered pages; an invalid page is a validation error instead of a 404."""

    page_size_query_param = "page_size"
    page_size_query_description = "Rows per page, 1 to 100. The default is 20."

    def get_page_size(self, request: Request) -> int:
        """Return the requested page size. Raise ValidationError if it is invalid."""
        query = PageQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        return query.validated_data["page_size"]

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Return the rows of the requested page. Raise ValidationError if it does not exist."""
        try:
            return super().paginate_queryset(queryset, request, view=view)
        except NotFound as error:
            raise ValidationError({"page": ["There is no such page."]}) from error

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page; the library's description uses OpenAPI 3.0, which has no null type."""
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
    """Reject unknown query parameters: a misspelt filter must not return unfiltered rows."""

    pagination_class: type[StrictPagination] | None = StrictPagination
    # A serializer without fields: the action has no parameters.
    query_serializer_class = serializers.Serializer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the parameter names after authentication and permissions."""
        super().initial(request, *args, **kwargs)
        known = self.known_parameters()
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            hint = f"known are {', '.join(known)}" if known else "none is known here"
            raise ValidationError({name: [f"Unknown parameter; {hint}."] for name in unknown})

    def known_parameters(self) -> list[str]:
        """Return the parameter names of the current action."""
        if self.detail or self.request.method not in SAFE_METHODS:
            return []
        return [
            *(self.filterset_class.base_filters if self.filterset_class else ()),
            *(PageQuerySerializer().fields if self.pagination_class else ()),
            *self.query_serializer_class().fields,
        ]

    def query(self) -> dict[str, Any]:
        """Return the validated parameters of the action's query serializer."""
        serializer = self.query_serializer_class(data=self.request.query_params)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data
