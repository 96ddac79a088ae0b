import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django_scopes import ScopeError, scope, scopes_disabled

from accounts.models import Credential, Membership, Team, TeamOwned, User
from accounts.permissions import Role
from exports.models import SavedExport
from tests.factories import make_credential, make_export, make_policy, make_run

TEAM_OWNED = [model for model in apps.get_models() if issubclass(model, TeamOwned)]


def test_addresses_of_users_are_unique_case_insensitively(alice: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User(email="ALICE@acme.example").save()


def test_addresses_are_stored_in_lower_case(db: None) -> None:
    assert User.objects.create_user("Dora@Example.ORG").email == "dora@example.org"


def test_person_is_shown_by_name_or_by_address(alice: User) -> None:
    assert str(alice) == "Alice"
    assert str(User(email="dora@example.org")) == "dora@example.org"


def test_time_zone_must_exist() -> None:
    team = Team(name="Acme", slug="acme", time_zone="Mars/Base")

    with pytest.raises(ValidationError) as refused:
        team.clean_fields()
    assert refused.value.messages == ["“Mars/Base” is not a time zone. Use a name such as Europe/Berlin."]


def test_person_has_one_membership_per_team(acme: Team, alice: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(team=acme, user=alice, role=Role.VIEWER)


def test_unknown_role_is_rejected(acme: Team, charlie: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(team=acme, user=charlie, role="owner")


# ------------------------------------------------------------ credentials


def test_credential_names_are_unique_case_insensitively(acme: Team) -> None:
    make_credential(acme, "Main")

    with pytest.raises(IntegrityError), transaction.atomic():
        make_credential(acme, "MAIN")


def test_two_teams_may_use_one_name(acme: Team, umbrella: Team) -> None:
    assert str(make_credential(acme, "Main")) == str(make_credential(umbrella, "Main"))


def test_wiped_credential_cannot_keep_its_pair(acme: Team) -> None:
    credential = make_credential(acme)

    with pytest.raises(IntegrityError), transaction.atomic(), scope(team=acme):
        Credential.objects.filter(pk=credential.pk).update(status=Credential.Status.WIPED)


def test_credential_without_pair_must_be_wiped(acme: Team) -> None:
    credential = make_credential(acme)

    with pytest.raises(IntegrityError), transaction.atomic(), scope(team=acme):
        Credential.objects.filter(pk=credential.pk).update(pair=None)


@pytest.mark.parametrize(
    ("status", "can"), [("unchecked", True), ("working", True), ("refused", False), ("wiped", False)]
)
def test_refused_and_wiped_credentials_make_no_calls(status: str, can: bool) -> None:
    assert Credential(status=status).can_call is can


def test_policy_is_listed_once_for_a_credential(credential: Credential) -> None:
    with scope(team=credential.team):
        make_policy(credential, "A1", "Main")

        with pytest.raises(IntegrityError), transaction.atomic():
            make_policy(credential, "A1", "Again")


# ------------------------------------------------------------ separation of teams in the database


@pytest.mark.parametrize("model", TEAM_OWNED)
def test_reading_a_teams_rows_without_an_open_team_fails(model: type[TeamOwned]) -> None:
    with pytest.raises(ScopeError):
        list(model.objects.all())


@pytest.mark.parametrize("model", TEAM_OWNED)
def test_each_query_of_a_teams_rows_names_the_open_team(model: type[TeamOwned], acme: Team) -> None:
    with scope(team=acme):
        sql, params = model.objects.order_by().query.sql_with_params()

    assert f'"{model._meta.db_table}"."team_id" = %s' in sql
    assert params == (acme.pk,)


def test_open_team_shows_only_its_own_rows(acme: Team, umbrella: Team) -> None:
    ours, theirs = make_credential(acme), make_credential(umbrella)

    with scope(team=acme):
        assert list(Credential.objects.all()) == [ours]
    with scope(team=umbrella):
        assert list(Credential.objects.all()) == [theirs]


def test_export_cannot_use_another_teams_credential(acme: Team, umbrella: Team) -> None:
    theirs = make_credential(umbrella)

    with pytest.raises(IntegrityError), transaction.atomic():
        SavedExport(team=acme, credential=theirs, name="Stolen").save()


def test_export_cannot_be_changed_to_another_teams_credential(acme: Team, umbrella: Team, export: SavedExport) -> None:
    theirs = make_credential(umbrella)

    with pytest.raises(IntegrityError), transaction.atomic(), scope(team=acme):
        SavedExport.objects.filter(pk=export.pk).update(credential=theirs)


@pytest.mark.parametrize("foreign", ["credential", "export"])
def test_run_cannot_use_objects_of_another_team(
    acme: Team, umbrella: Team, alice: User, charlie: User, export: SavedExport, foreign: str
) -> None:
    their_credential = make_credential(umbrella)
    theirs = {"credential": their_credential, "export": make_export(their_credential, charlie)}
    values = {"credential": export.credential, "export": export} | {foreign: theirs[foreign]}

    with pytest.raises(IntegrityError), transaction.atomic(), scopes_disabled():
        make_run(values["export"], team=acme, version=export.version, credential=values["credential"])
