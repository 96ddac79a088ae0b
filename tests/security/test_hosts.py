"""Hosts that the portal or Expensify is to call, in every spelling."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from requests import PreparedRequest

from accounts import webhooks
from accounts.models import Credential, Policy, Team, User
from accounts.public_hosts import ONE_HOST, NotAHost, is_outside, parse_host, parse_url
from accounts.public_requests import PrivateAddress, PublicOnly
from accounts.sso import company
from exports.employee_updates import stored as stored_updates
from exports.models import EmployeeUpdate
from tests.clients import signed_in
from tests.exports.employee_updates.updates import make
from tests.html import tidy


@pytest.fixture(autouse=True)
def scoped(acme_open: Team) -> None:
    """What is asserted may be read."""


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.0.0.7", "192.168.1.1", "172.16.0.1", "169.254.169.254", "[::1]", "fe80::1", "fd00::1",
        "localhost", "localhost.", "portal.localhost", "db", "redis", "db.internal", "nas.local", "127.1", "2130706433",
        "0x7f000001", "0177.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "0.0.0.0",
        "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "127．0．0．1", "ⓛocalhost", "loc\u00adalhost", "ｄｂ",
        "127.0.0.1.", "0x7f.1", "017700000001", "::127.0.0.1", "::", "::ffff:0:127.0.0.1",
        "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "2606:4700::5efe:10.0.0.1", "64:ff9b:1::1",
        "portal.localdomain", "nas.corp", "nas.home.arpa",
    ],
)  # fmt: skip
def test_host_inside_of_a_network_is_no_feed_and_no_upload(
    credential: Credential, policy: Policy, erin: User, host: str
) -> None:
    inside = "is inside of a private network"
    client = signed_in(erin)
    bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host

    url = make(client, credential, "url", feed_url=f"https://{bracketed}/x", feed_user="a", feed_password="b")
    sftp = make(client, credential, "sftp", sftp_host=host, sftp_login="a", sftp_password="b", sftp_file="x.json")
    upload = client.post("/t/acme/exports/new/", {"name": "x", "sftp_host": host, "sftp_login": "a"})

    assert [inside in answer.content.decode() for answer in (url, sftp, upload)] == [True, True, True]
    assert EmployeeUpdate.objects.count() == 0


@pytest.mark.parametrize(
    "host",
    [
        "good.example:22@127.0.0.1", "user@127.0.0.1", "user:word@good.example", "@good.example", "good.example:22",
        "%31%32%37.0.0.1", "127.0.0.1%00", "good.example%2f@127.0.0.1", "fe80::1%eth0", "[fe80::1%25eth0]",
        "good\n.example", "good.example\n127.0.0.1", "a\tb.example", "a b.example",
        "good.example/", "good.example\\@x.example",
        "good.example#@x.example", "good.example?x", "256.0.0.1", "1.2.3.4.5", "0x.1", "08.0.0.1",
        "good..example", ".example",
        "..", "[127.0.0.1]", "[::1", "::1]", "[[::1]]", "[::1]:22", ":::1", "1::2::3", "-good.example", "good-.example",
        f"{'a' * 64}.example", f"{'a.' * 124}example",
        "xn--a.example", "☃.example", "ex\u202eample.com", "http://good.example",
    ],
)  # fmt: skip
def test_what_is_no_host_is_refused_with_a_sentence(
    credential: Credential, policy: Policy, erin: User, host: str
) -> None:
    client = signed_in(erin)

    url = make(client, credential, "url", feed_url=f"https://{host}/x", feed_user="a", feed_password="b")
    sftp = make(client, credential, "sftp", sftp_host=host, sftp_login="a", sftp_password="b", sftp_file="x.json")
    upload = client.post("/t/acme/exports/new/", {"name": "x", "sftp_host": host, "sftp_login": "a"})

    assert is_outside(host) is False
    with pytest.raises(NotAHost):
        parse_host(host)
    assert [tidy(answer.content.decode()).count(ONE_HOST) for answer in (sftp, upload)] == [1, 1]
    # With a port, a path, a query or a fragment behind it, a host makes another good address.
    if host not in {"good.example:22", "good.example/", "good.example#@x.example", "good.example?x", "[::1]:22"}:
        assert "Give an address that begins with https://" in url.content.decode()
        assert EmployeeUpdate.objects.count() == 0


@pytest.mark.parametrize(
    ("host", "normal"),
    [
        ("hr.acme.example", "hr.acme.example"),
        (" HR.Acme.Example. ", "hr.acme.example"),
        ("8.8.8.8", "8.8.8.8"),
        ("8.8.2056", "8.8.8.8"),
        ("[2606:4700:0::1111]", "2606:4700::1111"),
        ("2606:4700::1111", "2606:4700::1111"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("ｈｒ.acme。example", "hr.acme.example"),
        ("r3---sn_a.example", "r3---sn_a.example"),
    ],
)
def test_host_of_the_internet_may_be_one_and_is_normalised(host: str, normal: str) -> None:
    assert (is_outside(host), parse_host(host), parse_host(normal)) == (True, normal, normal)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://HR.acme.example:443/a?b=c%40d#e", "https://hr.acme.example:443/a?b=c%40d#e"),
        ("HTTPS://ｈｒ.acme.example/@/x", "https://hr.acme.example/@/x"),
        ("https://[2606:4700:0::1111]:8443", "https://[2606:4700::1111]:8443"),
    ],
)
def test_address_is_stored_with_its_normal_host(url: str, normal: str) -> None:
    assert parse_url(url).text == normal


@pytest.mark.parametrize(
    "url",
    [
        "https://user@good.example/", "https://user:word@good.example/", "https://good.example@127.0.0.1/", "https:///x",
        "https:good.example", "//good.example", "good.example", "https://", "https://good.example:0/",
        "https://good.example:65536/", "https://good.example:/", "https://good.example:2²/", "http://good.example/",
        "https://good.example\n.evil.example/", "https://good.example/\r\nHost: x", "https:\\\\good.example",
        "https://good.example\\@127.0.0.1/", "https://[::1/", "https://[v1.x]/", "ftp://good.example/", "https://a b/",
    ],
)  # fmt: skip
def test_address_that_can_be_read_in_two_ways_is_refused_everywhere(url: str, settings: Any) -> None:
    with pytest.raises(NotAHost):
        parse_url(url)
    with pytest.raises(PrivateAddress):
        PublicOnly().send(_request_to(url))
    if not url.startswith("http://"):
        with pytest.raises(webhooks.CannotPost, match="cannot be read"):
            webhooks.post(url, b"{}", content_type="application/json")
        settings.OIDC_ISSUER, settings.OIDC_ALLOW_PRIVATE = url, True
        with pytest.raises(ImproperlyConfigured, match="OIDC_ISSUER cannot be read"):
            company.check_settings()


def _request_to(url: str) -> PreparedRequest:
    request = PreparedRequest()
    request.url = url
    return request


@pytest.mark.parametrize("host", ["①②⑦.⓪.⓪.①", "[::127.0.0.1]", "0x7f.1", "localhost"])
def test_private_host_in_any_spelling_is_called_by_nothing(host: str, settings: Any) -> None:
    settings.OIDC_ISSUER, settings.OIDC_ALLOW_PRIVATE = f"https://{host}/", False

    with pytest.raises(ImproperlyConfigured, match="private network"):
        company.check_settings()
    with pytest.raises(webhooks.CannotPost, match="private network"):
        webhooks.post(f"https://{host}/", b"{}", content_type="application/json")


def test_host_is_stored_as_it_was_judged(credential: Credential, policy: Policy, erin: User) -> None:
    make(
        signed_in(erin),
        credential,
        "sftp",
        sftp_host="ＨＲ.acme.example",
        sftp_login="a",
        sftp_password="b",
        sftp_file="x",
    )

    assert stored_updates.feed_of(EmployeeUpdate.objects.get()).host == "hr.acme.example"  # type: ignore[union-attr]


def test_private_host_is_taken_where_operators_allow_it(
    credential: Credential, policy: Policy, erin: User, settings: Any
) -> None:
    settings.EXPENSIFY_ALLOW_PRIVATE = True

    make(signed_in(erin), credential, "url", feed_url="https://10.0.0.7/x", feed_user="a", feed_password="b")

    assert EmployeeUpdate.objects.count() == 1
