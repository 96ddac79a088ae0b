"""The form of a saved export, as posted."""

from typing import Any

from django.http import HttpResponse

from accounts.models import Credential

NEW = "/t/acme/exports/new/"


def filled_in(credential: Credential, /, **fields: Any) -> dict[str, Any]:
    """Posted fields of the smallest valid form."""
    smallest = {
        "name": "January",
        "credential": credential.pk,
        "report_ids": "50352738",
        "period": "",
        "approved_since": "",
        "file_extension": "csv",
        "sftp_port": "22",
        "template": "${reports?size}",
    }
    return smallest | fields


def problems(response: HttpResponse) -> dict[str, list[str]]:
    """The form's errors by field."""
    return {name: list(errors) for name, errors in response.context["form"].errors.items()}
