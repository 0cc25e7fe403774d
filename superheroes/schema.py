"""Document the error responses of all operations in the OpenAPI schema."""

from typing import Any

MISTAKES = {
    "type": "object",
    "description": "Errors by field or query parameter.",
    "additionalProperties": {"type": ["array", "string"], "items": {"type": "string"}},
}
DETAIL = {
    "type": "object",
    "properties": {"detail": {"type": "string"}},
    "required": ["detail"],
}


def describe_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the 400, 401, 403, 404 and 429 responses to the generated schema."""
    result["components"]["schemas"].update(Mistakes=MISTAKES, Detail=DETAIL)
    for path, operations in result["paths"].items():
        for operation in operations.values():
            operation["responses"].update(refusals(path, operation))
    return result


def refusals(path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Return the error responses of an operation."""
    answers = {
        "400": answer("Invalid query parameters or body.", "Mistakes"),
        "401": answer("Missing or invalid token.", "Detail"),
        "429": answer("Too many requests; see the Retry-After header.", "Detail"),
    }
    if {} not in operation["security"]:
        answers["403"] = answer("The session's CSRF token is missing.", "Detail")
    if "{id}" in path:
        answers["404"] = answer("Superhero not found.", "Detail")
    return answers


def answer(description: str, component: str) -> dict[str, Any]:
    """Return the description of a JSON response."""
    schema = {"$ref": f"#/components/schemas/{component}"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
