"""The settings of an update, and the hash that an approval is bound to."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from expensify.jobs.employees import FeedSftp, FeedUrl
from exports.employee_updates.feed.fields import FIELDS, Employee
from exports.employee_updates.feed.settings import UpdateSettings, content_hash, records, settings_from_json
from tests.exports.employee_updates.feed.feeds import unhurried
from tests.exports.employee_updates.feed.people import FULL, people

settings = st.builds(
    UpdateSettings,
    set_primary_policy=st.sampled_from(["none", "new_employees", "all_employees"]),
    fix_approval_chains=st.booleans(),
    fix_first_level_managers_only=st.booleans(),
    skip_notification_email=st.booleans(),
    recipients=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    in_object=st.booleans(),
    limits_in_cents=st.just(True),
)
URL = FeedUrl("https://hr.acme.example/feed.json", "expensify", "geheim")


def test_every_setting_is_sent_so_that_no_default_decides() -> None:
    assert UpdateSettings().job(dry_run=True).without_secrets() == {
        "type": "update",
        "dry-run": True,
        "dataSource": "request",
        "inputSettings": {"type": "employees", "entity": "generic"},
        "setEmployeePrimaryPolicy": "none",
        "shouldFixApprovalChains": True,
        "fixFirstLevelManagersOnly": False,
        "shouldSkipNotificationEmail": False,
    }


@unhurried
@given(settings)
def test_settings_survive_storage(chosen: UpdateSettings) -> None:
    assert settings_from_json(json.loads(json.dumps(chosen.as_json()))) == chosen


def test_newer_setting_has_its_default() -> None:
    assert settings_from_json({"in_object": True, "gone": 1}) == UpdateSettings(in_object=True)


@pytest.mark.parametrize(
    "stored", [[], {"in_object": "yes"}, {"recipients": "a"}, {"recipients": [1]}, {"set_primary_policy": "everybody"}]
)
def test_invalid_stored_settings_are_refused(stored: Any) -> None:
    with pytest.raises(ValueError):
        settings_from_json(stored)


def test_hash_is_stable() -> None:
    """Approvals are kept with it: after an upgrade of the portal the same content has to have the same hash."""
    assert content_hash([FULL], UpdateSettings()) == "203b1bced66195815e1ab142a91fe9b6eb4fe7aa8c7c263c87d3922b0712e948"


@unhurried
@given(people, people, settings, settings)
def test_hashes_are_the_same_exactly_when_what_is_sent_is(
    one: Employee, other: Employee, chosen: UpdateSettings, changed: UpdateSettings
) -> None:
    def sent(person: Employee, how: UpdateSettings) -> str:
        job = how.job(dry_run=False)
        return json.dumps([job.without_secrets(), job.data(records([person], how))], sort_keys=True)

    is_same = sent(one, chosen) == sent(other, changed)

    assert (content_hash([one], chosen) == content_hash([other], changed)) is is_same


@unhurried
@given(people, st.sampled_from(list(FIELDS)), people)
def test_any_changed_cell_changes_the_hash(person: Employee, field: str, other: Employee) -> None:
    assume(person.value(field) != other.value(field))
    changed = replace(person, **{field: other.value(field)})
    assume(changed.as_record(limits_in_cents=True) != person.as_record(limits_in_cents=True))

    assert content_hash([changed], UpdateSettings()) != content_hash([person], UpdateSettings())


def test_order_of_the_rows_is_part_of_what_is_sent() -> None:
    ann, ben = Employee(email="ann@acme.example"), Employee(email="ben@acme.example")

    assert content_hash([ann, ben], UpdateSettings()) != content_hash([ben, ann], UpdateSettings())


def test_number_and_text_do_not_hash_alike() -> None:
    limit = Employee(approval_limit=Decimal(1))

    assert content_hash([limit], UpdateSettings()) != content_hash([limit], UpdateSettings(limits_in_cents=False))


@pytest.mark.parametrize(
    ("feed", "is_same"),
    [
        (replace(URL, password="anders"), True),
        (replace(URL, url="https://evil.example/feed.json"), False),
        (replace(URL, user="somebody"), False),
        (FeedSftp("sftp.acme.example", "expensify", "feed.json", "geheim"), False),
        (None, False),
    ],
)
def test_hash_of_a_fetched_feed_depends_on_its_address(feed: Any, is_same: bool) -> None:
    assert (content_hash([], UpdateSettings(), feed=feed) == content_hash([], UpdateSettings(), feed=URL)) is is_same
