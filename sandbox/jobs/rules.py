"""Expense rules: values that new expenses of a member get automatically."""

from typing import Any

from sandbox.answers import Answer, Refused, ok
from sandbox.company.model import Policy, Rule
from sandbox.jobs.values import required_email, required_text
from sandbox.state import Request, State, administer, section

FIRST_RULE = 4242
DONE = {"responseMessage": "OK"}


def create_rule(state: State, request: Request) -> Answer:
    """Answer `OK` without the rule's ID, which only the error 666 for an identical rule contains [O]."""
    policy, email, actions = _read_rule(state, request)
    for rule in policy.rules:
        if (rule.email, rule.actions) == (email, actions):
            raise Refused(666, f"Rule already exists with those actions, please update rule {rule.id}")
    number = FIRST_RULE + sum(len(policy.rules) for policy in state.company.policies.values())
    policy.rules.append(Rule(number, email, actions))
    return ok(DONE)


def update_rule(state: State, request: Request) -> Answer:
    policy, email, actions = _read_rule(state, request)
    number = request.settings.get("ruleID")
    if not isinstance(number, int):
        raise Refused(410, "Required parameter 'ruleID' is missing")
    for rule in policy.rules:
        if (rule.id, rule.email) == (number, email):
            rule.actions = actions
            return ok(DONE)
    raise Refused(404, f"Rule {number} not found")


def _read_rule(state: State, request: Request) -> tuple[Policy, str, dict[str, Any]]:
    settings = request.settings
    policy = administer(state, request.pair, required_text(settings, "policyID"))
    email = required_email(settings)
    if email not in policy.members:
        raise Refused(404, f"{email} is not a member of policy '{policy.id}'")
    described = section(settings, "actions")
    actions = {key: described[key] for key in ("tag", "defaultBillable") if key in described}
    if not actions:
        raise Refused(410, "Required parameter 'actions' is missing")
    return policy, email, actions
