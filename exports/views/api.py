"""Pages that describe the API, and the views of its operations in `exports.api`."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from exports.api_routes import ROUTES


@require_safe
def api_page(request: HttpRequest) -> HttpResponse:
    """The OpenAPI description as a page."""
    # Imported here: tests/test_process_imports.py says why.
    from exports import api

    schema = api.schema()
    operations = [
        operation
        | {
            "path": path,
            "method": method.upper(),
            "needs": operation["x-needs"],
            "parameters": [
                parameter | {"words": in_words(parameter["schema"])} for parameter in operation["parameters"]
            ],
            "answers": [
                (status, _answer(answer))
                for status, answer in sorted(operation["responses"].items())
                if status not in api.ALWAYS
            ],
            "more": operation["description"].partition("\n")[2],
        }
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    objects = [
        (
            name,
            [
                (field, in_words(schema), schema.get("description", ""))
                for field, schema in component["properties"].items()
            ],
        )
        for name, component in schema["components"]["schemas"].items()
    ]
    return render(request, "exports/api.html", {"operations": operations, "objects": objects})


@login_not_required
@require_safe
def api_schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI description, for programs, which cannot sign in. It holds no team's data."""
    # Imported here: tests/test_process_imports.py says why.
    from exports import api

    return JsonResponse(api.schema())


def operation(name: str) -> Callable[..., HttpResponseBase]:
    """The view of one operation, without session and form token, which scripts do not have.

    Its answers are JSON, and caches must not store them.
    """

    @login_not_required
    @csrf_exempt
    def view(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        # Imported here: tests/test_process_imports.py says why.
        from exports import api

        response: HttpResponseBase = api.VIEWS[name](request, **arguments)
        if response.status_code == 405:
            detail = f"This address does not take {request.method}. Nothing was done."
            headers = {"Allow": response.headers["Allow"]}
            response = JsonResponse({"detail": detail}, status=405, headers=headers)
        return response

    view.door = ROUTES[name].permission  # type: ignore[attr-defined]  # A function takes any attribute.
    return view


def in_words(schema: dict[str, Any]) -> str:
    """A JSON schema in words: "number or null", "list of Export"."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(in_words(choice) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {in_words(schema['items'])}"
    words = {"integer": "number", "string": "text", "boolean": "yes or no", "date-time": "time"}
    kind: str = schema.get("format", schema.get("type", "anything"))
    return words.get(kind, kind)


def _answer(answer: dict[str, Any]) -> str:
    content = next(iter(answer.get("content", {}).values()), None)
    if content is None:
        return str(answer["description"])
    return "the file" if content["schema"].get("format") == "binary" else in_words(content["schema"])
