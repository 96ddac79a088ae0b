"""The company's sign-in, against a real OpenID Connect provider over HTTP."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from urllib3.exceptions import MaxRetryError

from accounts import public_hosts, public_requests
from accounts.audit.record import Action
from accounts.models import AuditEntry, Membership, Team, User
from accounts.permissions import Role
from accounts.sign_in import recent as recent_sign_in
from accounts.sso import company as sso
from tests.accounts.sign_in.factors import add_app, is_in, resets_are_sent, signed_in_by_form
from tests.html import tidy
from tests.servers import die_with_parent, free_port, wait_for_port

pytestmark = pytest.mark.django_db

MAPPING = [
    "finance=acme:editor",
    "finance-leads=acme:admin",
    "everybody=acme:viewer",
    "umbrella-audit=umbrella:auditor",
]


class Provider:
    """The company's directory of people."""

    def __init__(self, url: str) -> None:
        self.url = url

    def knows(self, number: str, email: str, groups: list[str], **claims: Any) -> None:
        claims = {"email": email, "email_verified": True, "groups": groups, "given_name": "Nina", **claims}
        httpx.put(f"{self.url}/users/{number}", json=claims).raise_for_status()

    def authorizes(self, url: str, number: str) -> str:
        """Sign in on the provider's page; the path that it redirects back to."""
        back = httpx.post(url, data={"sub": number}).headers["Location"]
        return back.removeprefix("http://localhost:8000")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """In a process of its own, because of its warnings."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent
    ) as process:
        wait_for_port(port, seconds=60)
        yield f"http://localhost:{port}"
        process.kill()


@pytest.fixture
def provider(server: str, settings: Any) -> Provider:
    settings.OIDC_NAME, settings.OIDC_ISSUER = "Acme Group", server
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "portal", "canary-client-secret"
    settings.OIDC_GROUP_ROLES, settings.OIDC_ALLOW_PRIVATE = MAPPING, True
    return Provider(server)


def sign_in(provider: Provider, number: str, client: Client | None = None, path: str = "/account/sso/") -> Any:
    client = client or Client()
    url = client.get(path).headers["Location"]
    return client.get(provider.authorizes(url, number))


def roles_of(email: str) -> dict[str, str]:
    return dict(Membership.objects.filter(user__email=email).values_list("team__slug", "role"))


# ------------------------------------------------------------ first sign-in


def test_new_person_gets_the_roles_of_their_groups(provider: Provider, acme: Team, umbrella: Team) -> None:
    provider.knows("n-1", "Nina@acme.example", ["finance", "umbrella-audit", "canteen"])
    client = Client()

    response = sign_in(provider, "n-1", client, "/account/sso/?next=/t/acme/runs/")

    user = User.objects.get()
    assert (response.headers["Location"], is_in(client)) == ("/t/acme/runs/", True)
    assert (user.email, user.first_name, user.has_usable_password()) == ("nina@acme.example", "Nina", False)
    assert roles_of(user.email) == {"acme": Role.EDITOR, "umbrella": Role.AUDITOR}
    entry = AuditEntry._base_manager.filter(team=acme, action=Action.MEMBER_ADDED).get()
    assert entry.actor_name == "Sign-in with Acme Group"


def test_person_in_no_mapped_group_is_refused(provider: Provider, acme: Team) -> None:
    provider.knows("n-2", "nobody@acme.example", ["canteen"])

    response = sign_in(provider, "n-2")

    assert (response.status_code, User.objects.count()) == (403, 0)
    assert "None of your groups has a role in the portal." in response.content.decode()


@pytest.mark.parametrize("claim", [False, None, "false"])
def test_unverified_address_is_not_linked(provider: Provider, acme: Team, alice: User, claim: object) -> None:
    provider.knows("n-3", alice.email, ["finance"], email_verified=claim)
    client = Client()

    response = sign_in(provider, "n-3", client)

    assert (response.status_code, "_auth_user_id" in client.session) == (403, False)
    assert (SocialAccount.objects.count(), roles_of(alice.email)) == (0, {"acme": Role.ADMIN})


def test_known_person_is_linked_by_verified_address_and_keeps_the_password(
    provider: Provider, acme: Team, bob: User
) -> None:
    provider.knows("b-1", "BOB@acme.example", [])
    client = Client()

    sign_in(provider, "b-1", client)

    assert (is_in(client), User.objects.count(), roles_of(bob.email)) == (True, 1, {"acme": Role.VIEWER})
    assert signed_in_by_form(bob) is not None


def test_person_with_company_sign_in_only_gets_no_reset_link(
    provider: Provider, acme: Team, alice: User, mailoutbox: list[Any]
) -> None:
    provider.knows("n-1", "nina@acme.example", ["finance"])
    provider.knows("alice", alice.email, ["finance-leads"])
    nina = Client()
    sign_in(provider, "n-1", nina)
    sign_in(provider, "alice")

    for address in ("nina@acme.example", alice.email):
        Client().post("/account/password/reset/", {"email": address})
        resets_are_sent()

    to_nina, to_alice = mailoutbox
    assert (to_nina.subject, "/password/reset/" in to_nina.body) == (
        "You sign in to the Expensify portal with Acme Group",
        False,
    )
    assert "sign in with Acme Group" in to_nina.body
    assert "/account/password/reset/key/" in to_alice.body  # she had a password before
    page = nina.get("/account/password/change/", follow=True)
    assert "You have no password here: you sign in by your company." in page.content.decode()


def test_link_stays_when_the_address_changes(provider: Provider, acme: Team) -> None:
    provider.knows("n-4", "maiden@acme.example", ["everybody"])
    sign_in(provider, "n-4")
    provider.knows("n-4", "married@acme.example", ["everybody"])

    client = Client()
    sign_in(provider, "n-4", client)

    assert (is_in(client), [user.email for user in User.objects.all()]) == (True, ["maiden@acme.example"])


def test_link_of_another_issuer_is_ignored(provider: Provider, acme: Team, alice: User) -> None:
    SocialAccount.objects.create(user=alice, provider="oidc-of-before", uid="n-5")
    provider.knows("n-5", "stranger@acme.example", ["everybody"])

    sign_in(provider, "n-5")

    assert SocialAccount.objects.get(provider=sso.provider_id()).user.email == "stranger@acme.example"


def test_closed_account_cannot_sign_in(provider: Provider, acme: Team, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    provider.knows("b-2", bob.email, ["finance"])
    client = Client()

    sign_in(provider, "b-2", client)

    assert ("_auth_user_id" in client.session, roles_of(bob.email)) == (False, {"acme": Role.VIEWER})


def test_portals_second_factor_is_required_too(provider: Provider, acme: Team, bob: User) -> None:
    add_app(bob)
    provider.knows("b-3", bob.email, [])
    client = Client()

    response = sign_in(provider, "b-3", client)

    assert response.headers["Location"] == "/account/second-factor/authenticate/"
    assert "_auth_user_id" not in client.session


# ------------------------------------------------------------ roles by group


def test_roles_follow_the_groups_at_each_sign_in(provider: Provider, acme: Team, umbrella: Team) -> None:
    email = "nina@acme.example"
    seen = []
    for groups in (["everybody"], ["everybody", "finance"], ["umbrella-audit"], []):
        provider.knows("n-6", email, groups)
        sign_in(provider, "n-6")
        seen.append(roles_of(email))

    assert seen == [{"acme": Role.VIEWER}, {"acme": Role.EDITOR}, {"umbrella": Role.AUDITOR}, {}]


def test_stronger_role_of_two_groups_is_given() -> None:
    from django.test import override_settings

    with override_settings(OIDC_GROUP_ROLES=MAPPING):
        orders = [["everybody", "finance-leads", "finance"], ["finance-leads", "finance", "everybody"]]

        assert [sso.roles_of(groups) for groups in orders] == [{"acme": Role.ADMIN}] * 2


def test_role_given_by_an_admin_stays(provider: Provider, acme: Team, bob: User) -> None:
    provider.knows("b-4", bob.email, [])

    sign_in(provider, "b-4")

    assert roles_of(bob.email) == {"acme": Role.VIEWER}


def test_last_admin_keeps_the_role_at_sign_in(provider: Provider, acme: Team) -> None:
    email = "lead@acme.example"
    provider.knows("l-1", email, ["finance-leads"])
    sign_in(provider, "l-1")
    kept = []
    for groups in (["everybody"], []):
        provider.knows("l-1", email, groups)
        sign_in(provider, "l-1")
        kept.append(roles_of(email))

    assert kept == [{"acme": Role.ADMIN}] * 2


def test_other_sessions_end_when_the_groups_change_the_role(provider: Provider, acme: Team) -> None:
    provider.knows("n-7", "nina@acme.example", ["everybody"])
    there, here = Client(), Client()
    sign_in(provider, "n-7", there)
    provider.knows("n-7", "nina@acme.example", ["finance"])

    sign_in(provider, "n-7", here)

    assert (is_in(there), is_in(here)) == (False, True)


# ------------------------------------------------------------ the protocol


def test_button_is_shown_only_with_a_provider(provider: Provider, settings: Any, client: Client) -> None:
    page = tidy(client.get("/account/login/?next=/t/acme/").content.decode())
    settings.OIDC_ISSUER = ""
    without = client.get("/account/login/").content.decode()

    assert re.search(r'href="/account/sso/\?next=/t/acme/">Sign in with Acme Group<', page) is not None
    assert "/account/sso/" not in without
    assert [client.get(path).status_code for path in ("/account/sso/", "/account/sso/callback/")] == [404] * 2


def test_request_to_the_provider_carries_state_and_a_proof_key_and_no_secret(
    provider: Provider, client: Client
) -> None:
    url = client.get("/account/sso/?scope=admin&auth_params=prompt%3Dnone").headers["Location"]

    query = parse_qs(urlsplit(url).query)
    assert query["redirect_uri"] == ["http://localhost:8000/account/sso/callback/"]
    assert (set(query["scope"][0].split()), query["code_challenge_method"]) == (
        {"openid", "profile", "email"},
        ["S256"],
    )
    assert sorted(query) == [
        "client_id", "code_challenge", "code_challenge_method", "redirect_uri", "response_type", "scope", "state",
    ]  # fmt: skip


def test_answer_for_another_browser_is_refused(provider: Provider, acme: Team) -> None:
    provider.knows("n-8", "nina@acme.example", ["finance"])
    url = Client().get("/account/sso/").headers["Location"]
    victim = Client()

    response = victim.get(provider.authorizes(url, "n-8"))

    assert (response.status_code, "_auth_user_id" in victim.session) == (403, False)


def test_refusal_at_the_provider_is_shown(provider: Provider, client: Client) -> None:
    url = client.get("/account/sso/").headers["Location"]
    back = httpx.post(url, data={"action": "deny"}).headers["Location"]

    response = client.get(back.removeprefix("http://localhost:8000"))

    assert (response.status_code, "Nothing was changed" in response.content.decode()) == (403, True)


def test_sign_in_does_not_redirect_to_another_site(provider: Provider, acme: Team) -> None:
    provider.knows("n-9", "nina@acme.example", ["finance"])

    response = sign_in(provider, "n-9", path="/account/sso/?next=https://evil.example/")

    assert response.headers["Location"] == "/"


def test_unreachable_provider_is_reported(provider: Provider, settings: Any, client: Client) -> None:
    settings.OIDC_ISSUER = "http://localhost:9"

    response = client.get("/account/sso/")

    assert (response.status_code, "Acme Group was not reached" in response.content.decode()) == (403, True)


def test_private_provider_is_not_called_unless_allowed(provider: Provider, settings: Any, client: Client) -> None:
    settings.OIDC_ALLOW_PRIVATE = False

    assert client.get("/account/sso/").status_code == 403


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.215.14", True), ("2606:2800:21f:cb07::1", True), ("127.0.0.1", False), ("10.1.2.3", False),
        ("192.168.0.1", False), ("169.254.169.254", False), ("::1", False), ("fe80::1%eth0", False),
        ("fd00::1", False), ("::ffff:127.0.0.1", False), ("100.64.0.1", False), ("224.0.0.1", False),
        ("0.0.0.0", False), ("64:ff9b::a9fe:a9fe", False), ("64:ff9b::5db8:d70e", True),
        ("2002:7f00:1::", False), ("2001:0:4136:e378:8000:63bf:80ff:fffe", False),
    ],
)  # fmt: skip
def test_public_addresses_are_told_from_private_ones(address: str, expected: bool) -> None:
    assert public_hosts.is_public(address) is expected


def test_peer_is_checked_before_anything_is_sent(server: str) -> None:
    """Directly on the connection pool: a name that now resolves to this machine gets no request."""
    adapter = public_requests.PublicOnly()

    with pytest.raises(MaxRetryError, match="private or link-local"):
        adapter.poolmanager.request("GET", f"{server.replace('http:', 'https:')}/.well-known/openid-configuration")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"OIDC_ISSUER": "http://idp.example.com", "OIDC_ALLOW_PRIVATE": False}, "must begin with https://"),
        ({"OIDC_CLIENT_SECRET": ""}, "needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET"),
        ({"OIDC_GROUP_ROLES": ["finance=acme:owner"]}, "finance=acme:owner"),
        ({"OIDC_GROUP_ROLES": ["finance"]}, "group=team:role"),
    ],
)
def test_wrong_setting_stops_the_start(provider: Provider, settings: Any, wrong: dict[str, Any], sentence: str) -> None:
    for name, value in wrong.items():
        setattr(settings, name, value)

    with pytest.raises(ImproperlyConfigured, match=re.escape(sentence)):
        sso.check_settings()


# ------------------------------------------------------------ confirmation


def test_person_without_a_password_confirms_with_the_provider(provider: Provider, acme: Team) -> None:
    provider.knows("l-2", "lead@acme.example", ["finance-leads"])
    client = Client()
    sign_in(provider, "l-2", client)
    session = client.session
    session[recent_sign_in.KEY] -= 3600
    session.save()

    response = client.post("/t/acme/team/edit/", {"name": ""})
    onward = client.get(response.headers["Location"]).headers["Location"]
    to_provider = client.get(onward).headers["Location"]
    back = client.get(provider.authorizes(to_provider, "l-2"))

    assert onward.startswith("/account/sso/?next=%2Ft%2Facme%2Fteam%2Fedit%2F%3Fcarry_on%3D")
    assert parse_qs(urlsplit(to_provider).query)["prompt"] == ["login"]
    assert back.headers["Location"].startswith("/t/acme/team/edit/?carry_on=")
    assert client.get(back.headers["Location"]).context["form"].errors["name"]  # an empty one was sent


def test_changing_factors_without_a_password_needs_confirmation_too(provider: Provider, acme: Team) -> None:
    provider.knows("l-3", "lead@acme.example", ["finance-leads"])
    client = Client()
    sign_in(provider, "l-3", client)
    session = client.session
    session[recent_sign_in.KEY] -= 3600
    session.save()

    assert client.get("/account/second-factor/app/add/").headers["Location"].startswith("/account/sso/?next=")


@pytest.mark.parametrize("path", ["app/add/", "passkeys/add/"])
def test_person_of_the_company_can_set_up_a_factor_though_a_stranger_asks_for_resets(
    provider: Provider, acme: Team, path: str
) -> None:
    provider.knows("l-4", "lead4@acme.example", ["finance-leads"])
    client = Client()
    sign_in(provider, "l-4", client)
    Client().post("/account/password/reset/", {"email": "lead4@acme.example"})
    resets_are_sent()

    assert client.get(f"/account/second-factor/{path}").status_code == 200
