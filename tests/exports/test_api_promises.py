"""The API against its own description: schemathesis sends valid and invalid requests and checks the answers."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
import schemathesis
from django_scopes import scope
from hypothesis import HealthCheck, settings
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.core.failures import FailureGroup

from accounts import tokens
from accounts.models import Membership, Team, User
from exports import api
from exports.models import Result

pytestmark = [pytest.mark.slow]
Send = Callable[[Case], None]
BOUNDED = settings(
    max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture
def send(acme: Team, alice: User, budget: Any, live_server: Any, settings: Any) -> Send:
    """Send requests as Alice's script, with all permissions of a token, each from another IP address.

    From one address, the many wrong tokens that the check of sign-in sends would reach the limit.
    """
    settings.TRUSTED_PROXIES = 1
    addresses = (f"192.0.2.{number}" for number in count())
    granted = [permission.value for permission in tokens.FOR_SCRIPTS]
    with scope(team=acme):
        _, secret = tokens.make(Membership.objects.get(user=alice), "Script", granted, 30)

    def send(case: Case) -> None:
        headers = {"Authorization": f"Bearer {secret}", "X-Forwarded-For": next(addresses)}
        case.call_and_validate(base_url=live_server.url, headers=headers)

    return send


def described(*modes: GenerationMode) -> BaseSchema:
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(api.schema())))
    schema.config.generation.update(modes=list(modes))
    return schema


anything = described(GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
sensible = described(GenerationMode.POSITIVE)


@anything.parametrize()
@BOUNDED
def test_any_request_is_answered_as_described(case: Case, send: Send) -> None:
    send(case)


@sensible.parametrize()
@BOUNDED
def test_valid_requests_are_answered_as_described(case: Case, send: Send, result: Result) -> None:
    ids = {"team": "acme", "export": result.run.export_id, "run": result.run_id, "result": result.pk}
    case.path_parameters.update({name: ids[name] for name in case.path_parameters})

    send(case)


def test_broken_description_is_noticed(send: Send) -> None:
    """The description of the list of exports has one field too many."""
    schema = json.loads(json.dumps(api.schema()))
    schema["components"]["schemas"]["Exports"]["required"].append("forgotten")
    case = schemathesis.openapi.from_dict(schema)["/api/t/{team}/exports/"]["GET"].Case(
        path_parameters={"team": "acme"}
    )

    with pytest.raises(FailureGroup) as broken:
        send(case)

    assert [str(failure).splitlines()[0] for failure in broken.value.exceptions] == ["Response violates schema"]
