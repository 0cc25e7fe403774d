"""What the OpenAPI document says about refusals, which are the same for every operation."""

from typing import Any

MISTAKES = {
    "type": "object",
    "description": "What is wrong, by the name of the field or query parameter.",
    "additionalProperties": {"type": ["array", "string"], "items": {"type": "string"}},
}
DETAIL = {
    "type": "object",
    "properties": {"detail": {"type": "string"}},
    "required": ["detail"],
}


def describe_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the answers to bad, forbidden, lost and too many requests to a finished document."""
    result["components"]["schemas"].update(Mistakes=MISTAKES, Detail=DETAIL)
    for path, operations in result["paths"].items():
        for operation in operations.values():
            operation["responses"].update(refusals(path, operation))
    return result


def refusals(path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """Return the refusals that an operation is able to answer with."""
    answers = {
        "400": answer("A mistake in the query or the body.", "Mistakes"),
        "401": answer("The token is wrong, or there is none and one is needed.", "Detail"),
        "429": answer("Too many requests: wait as long as Retry-After says.", "Detail"),
    }
    if {} not in operation["security"]:
        answers["403"] = answer("The session came without its CSRF token.", "Detail")
    if "{id}" in path:
        answers["404"] = answer("There is no such superhero.", "Detail")
    return answers


def answer(description: str, component: str) -> dict[str, Any]:
    """Return the description of a JSON answer."""
    schema = {"$ref": f"#/components/schemas/{component}"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
