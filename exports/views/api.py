"""The pages that describe the API, and the way into its operations in `exports.api`."""

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
    """The OpenAPI description as a page to read."""
    # Imported here: tests/test_process_imports.py tells why.
    from exports import api

    schema = api.schema()
    operations = [
        told | {"path": path, "method": method.upper(), "needs": told["x-needs"]}
        for path, methods in schema["paths"].items()
        for method, told in methods.items()
    ]
    for told in operations:
        told["parameters"] = [each | {"words": in_words(each["schema"])} for each in told["parameters"]]
        told["answers"] = [
            (status, _answer(answer))
            for status, answer in sorted(told["responses"].items())
            if status not in api.ALWAYS
        ]
        told["more"] = told["description"].partition("\n")[2]
    objects = [
        (
            name,
            [
                (field, in_words(said), said.get("description", ""))
                for field, said in told["properties"].items()
            ],
        )
        for name, told in schema["components"]["schemas"].items()
    ]
    return render(request, "exports/api.html", {"operations": operations, "objects": objects})


@login_not_required
@require_safe
def api_schema(request: HttpRequest) -> HttpResponse:
    """For programs, which cannot sign in. It says what there is, and nothing of any team."""
    # Imported here: tests/test_process_imports.py tells why.
    from exports import api

    return JsonResponse(api.schema())


def operation(name: str) -> Callable[..., HttpResponseBase]:
    """The view of one operation, without session and form token, which a script has not.

    Its answers are JSON and must not be stored by caches.
    """

    @login_not_required
    @csrf_exempt
    def view(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        # Imported here: tests/test_process_imports.py tells why.
        from exports import api

        response: HttpResponseBase = api.VIEWS[name](request, **arguments)
        if response.status_code == 405:
            told = f"This address does not take {request.method}. Nothing was done."
            response = JsonResponse(
                {"detail": told}, status=405, headers={"Allow": response.headers["Allow"]}
            )
        response.headers["Cache-Control"] = "no-store"
        return response

    view.door = ROUTES[name].permission  # type: ignore[attr-defined]
    return view


def in_words(schema: dict[str, Any]) -> str:
    """A JSON schema as few words: "number or null", "list of Export"."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(in_words(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {in_words(schema['items'])}"
    words = {"integer": "number", "string": "text", "boolean": "yes or no", "date-time": "time"}
    kind = schema.get("format", schema.get("type", "anything"))
    return words.get(kind, kind)


def _answer(answer: dict[str, Any]) -> str:
    content = next(iter(answer.get("content", {}).values()), None)
    if content is None:
        return str(answer["description"])
    return "the file" if content["schema"].get("format") == "binary" else in_words(content["schema"])
