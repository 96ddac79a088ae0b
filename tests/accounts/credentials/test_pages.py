from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_scopes import scope

from accounts.audit.record import Action
from accounts.models import AuditEntry, Credential, Team, User
from expensify.pair import KeyPair
from exports.models import ApiCall
from tests.factories import make_credential, make_export, make_policy

AsUser = Callable[[User], Client]
SECRET = "canary-secret-0815"
NEW = {"name": "Main", "partner_user_id": "canary-id-4711", "partner_user_secret": SECRET}


def only(team: Team) -> Credential:
    with scope(team=team):
        return Credential.objects.get(team=team)


def test_admin_adds_a_credential_and_its_test_is_requested(as_user: AsUser, acme: Team, alice: User) -> None:
    response = as_user(alice).post("/t/acme/credentials/new/", NEW)

    credential = only(acme)
    assert response.headers["Location"] == f"/t/acme/credentials/{credential.pk}/"
    assert credential.partner_pair() == KeyPair("canary-id-4711", SECRET)
    assert (credential.name, credential.is_being_checked) == ("Main", True)


def test_pasted_spaces_around_a_pair_are_dropped(as_user: AsUser, acme: Team, alice: User) -> None:
    padded = NEW | {"partner_user_id": " canary-id-4711\n", "partner_user_secret": f"\t{SECRET} "}

    as_user(alice).post("/t/acme/credentials/new/", padded)

    assert only(acme).partner_pair() == KeyPair("canary-id-4711", SECRET)


def test_secret_is_on_no_page(as_user: AsUser, acme: Team, alice: User) -> None:
    client = as_user(alice)
    refused = client.post("/t/acme/credentials/new/", NEW | {"name": ""})
    added = client.post("/t/acme/credentials/new/", NEW, follow=True)
    own = added.request["PATH_INFO"]
    pages = [refused, added, client.get("/t/acme/credentials/"), client.get("/t/acme/audit/")]
    pages += [client.get(f"{own}{action}/") for action in ("rename", "wipe")]
    pages += [client.post(f"{own}check/", follow=True), client.post(f"{own}wipe/", follow=True)]

    assert [page.status_code for page in pages] == [200] * 8
    assert [SECRET in page.content.decode() for page in pages] == [False] * 8
    # The form shows the ID once more, for correction, but never again.
    assert ["canary-id" in page.content.decode() for page in pages] == [True] + [False] * 7


def test_name_that_is_taken_is_refused_with_a_sentence(as_user: AsUser, acme: Team, alice: User) -> None:
    make_credential(acme, "Main")

    response = as_user(alice).post("/t/acme/credentials/new/", NEW | {"name": "MAIN"})

    assert response.context["form"].errors == {
        "name": ["The team has a credential of this name already, perhaps a wiped one. Choose another name."]
    }
    assert only(acme).name == "Main"


def test_name_of_another_teams_credential_is_free(as_user: AsUser, acme: Team, umbrella: Team, alice: User) -> None:
    make_credential(umbrella, "Main")

    assert as_user(alice).post("/t/acme/credentials/new/", NEW).status_code == 302


def test_rename(as_user: AsUser, acme: Team, alice: User) -> None:
    credential = make_credential(acme, "Main")

    as_user(alice).post(f"{credential.get_absolute_url()}rename/", {"name": "Head office"})

    assert only(acme).name == "Head office"


def test_credential_may_be_renamed_to_its_own_name_in_other_letters(as_user: AsUser, acme: Team, alice: User) -> None:
    credential = make_credential(acme, "main")

    as_user(alice).post(f"{credential.get_absolute_url()}rename/", {"name": "Main"})

    assert only(acme).name == "Main"


def test_wiping_first_shows_what_depends_on_the_credential(
    as_user: AsUser, acme: Team, alice: User, credential: Credential
) -> None:
    make_export(credential, alice, "Monthly")
    archived = make_export(credential, alice, "Archived")
    with scope(team=acme):
        archived.archived_at = timezone.now()
        archived.save(update_fields=["archived_at"])

    response = as_user(alice).get(f"{credential.get_absolute_url()}wipe/")

    assert [export.name for export in response.context["exports"]] == ["Monthly"]
    assert only(acme).status == Credential.Status.WORKING


def test_wiped_credential_stays_on_its_page_without_its_pair(
    as_user: AsUser, acme: Team, alice: User, credential: Credential
) -> None:
    response = as_user(alice).post(f"{credential.get_absolute_url()}wipe/", follow=True)

    assert (only(acme).status, only(acme).pair) == (Credential.Status.WIPED, None)
    assert "The pair is deleted." in response.content.decode()


def test_test_of_a_wiped_credential_says_that_there_is_nothing_to_test(
    as_user: AsUser, alice: User, credential: Credential
) -> None:
    client = as_user(alice)
    client.post(f"{credential.get_absolute_url()}wipe/")

    response = client.post(f"{credential.get_absolute_url()}check/", follow=True)

    assert "there is nothing left to test" in response.content.decode()


def test_polling_returns_204_until_the_test_has_ended(as_user: AsUser, acme: Team, bob: User, erin: User) -> None:
    credential = make_credential(acme, check_due_at=timezone.now())
    client = as_user(erin)
    url = f"{credential.get_absolute_url()}status/"

    waiting = client.get(url, headers={"HX-Request": "true"})
    with scope(team=acme):
        Credential.objects.filter(pk=credential.pk).update(check_due_at=None)
    over = client.get(url, headers={"HX-Request": "true"})

    assert (waiting.status_code, waiting.content) == (204, b"")
    assert over.status_code == 286
    assert "Working" in over.content.decode()


def test_page_polls_only_while_a_test_is_under_way(as_user: AsUser, acme: Team, alice: User) -> None:
    tested = make_credential(acme, "Tested")
    testing = make_credential(acme, "Testing", check_due_at=timezone.now())
    client = as_user(alice)

    polls = [f"{each.pk}/status/" in client.get(each.get_absolute_url()).content.decode() for each in (tested, testing)]
    assert polls == [False, True]


def test_page_of_a_refused_credential_says_what_to_do(as_user: AsUser, acme: Team, alice: User) -> None:
    credential = make_credential(acme, status=Credential.Status.REFUSED, message="Expensify said <no>.")

    shown = as_user(alice).get(credential.get_absolute_url()).content.decode()

    assert "Expensify said &lt;no&gt;." in shown
    assert "No run uses this credential until a test succeeds." in shown


def test_editor_sees_no_button_that_would_be_refused(as_user: AsUser, erin: User, credential: Credential) -> None:
    shown = as_user(erin).get(credential.get_absolute_url()).content.decode()

    assert [f"/{verb}/" in shown for verb in ("check", "rename", "wipe")] == [False] * 3


@pytest.mark.parametrize("which", ["list", "detail"])
def test_one_row_and_three_cost_the_same_queries(
    as_user: AsUser, acme: Team, alice: User, credential: Credential, count_queries: Any, which: str
) -> None:
    client = as_user(alice)
    url = {"list": "/t/acme/credentials/", "detail": credential.get_absolute_url()}[which]

    def add(number: int) -> None:
        other = make_credential(acme, f"Other {number}")
        make_export(other, alice, f"Of another {number}")
        make_export(credential, alice, f"Export {number}")
        with scope(team=acme):
            make_policy(credential, str(number), "Travel")
            ApiCall.objects.create(team=acme, credential=credential, kind="policy_list", sent_at=timezone.now())

    add(1)
    client.get(url)
    with count_queries() as one:
        client.get(url)
    add(2)
    add(3)
    with count_queries() as three:
        client.get(url)

    assert len(three) == len(one)


def test_every_change_is_in_the_log(as_user: AsUser, acme: Team, alice: User) -> None:
    client = as_user(alice)
    own = client.post("/t/acme/credentials/new/", NEW).headers["Location"]
    client.post(f"{own}check/")
    client.post(f"{own}rename/", {"name": "Other"})
    client.post(f"{own}wipe/")

    done = AuditEntry._base_manager.filter(team=acme, target_type="credential").order_by("number")
    assert [(entry.action, entry.actor_name) for entry in done] == [
        (Action.CREDENTIAL_ADDED, "Alice"),
        (Action.CREDENTIAL_CHECK_ASKED, "Alice"),
        (Action.CREDENTIAL_RENAMED, "Alice"),
        (Action.CREDENTIAL_WIPED, "Alice"),
    ]
