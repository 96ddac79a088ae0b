import base64
from typing import Any

import pytest
from django.core import serializers
from django.utils import timezone
from django_scopes import scope

from accounts.credentials.keyring import CannotOpen, Key, KeyRing, Sealed, ring, unseal
from accounts.models import Credential, Team
from accounts.models.credential import fingerprint
from expensify.pair import KeyPair
from tests.factories import make_credential

OLD, NEW, OTHER = (bytes([n]) * 32 for n in (1, 2, 3))


def test_sealed_value_opens_as_the_same_json() -> None:
    keys = KeyRing([NEW])
    value = {"id": "partner", "secret": "pässwörd ✓", "numbers": [1, None, True]}

    assert keys.open(keys.seal(value, ["a", "b"]), ["a", "b"]) == value


def test_every_key_of_the_ring_opens_and_the_newest_seals() -> None:
    token = KeyRing([OLD]).seal("secret", [])
    keys = KeyRing([NEW, OLD])

    assert keys.open(token, []) == "secret"
    assert keys.is_newest(token) is False
    assert keys.is_newest(keys.seal("secret", [])) is True


def test_secret_does_not_open_without_its_key() -> None:
    token = KeyRing([OLD]).seal("secret", [])

    with pytest.raises(CannotOpen, match="under a key that CREDENTIAL_KEYS does not list"):
        KeyRing([NEW]).open(token, [])


def test_secret_does_not_open_with_another_binding() -> None:
    keys = KeyRing([NEW])
    token = keys.seal("secret", ["accounts.Credential", "pair", "1", "row one"])

    with pytest.raises(CannotOpen, match="belongs to another row"):
        keys.open(token, ["accounts.Credential", "pair", "1", "row two"])


@pytest.mark.parametrize("place", [4, 20, -1])
def test_changed_ciphertext_does_not_open(place: int) -> None:
    keys = KeyRing([NEW])
    token = bytearray(keys.seal("secret", []))
    token[place] ^= 1

    with pytest.raises(CannotOpen, match="damaged"):
        keys.open(bytes(token), [])


def test_key_with_the_same_id_does_not_open() -> None:
    token = KeyRing([OTHER]).seal("secret", [])
    forged = Key(NEW).id + token[4:]

    with pytest.raises(CannotOpen, match="damaged"):
        KeyRing([NEW]).open(forged, [])


def test_same_secret_has_another_ciphertext_each_time() -> None:
    keys = KeyRing([NEW])

    assert keys.seal("secret", []) != keys.seal("secret", [])


# ------------------------------------------------------------ in rows


def stored(credential: Credential) -> Credential:
    with scope(team=credential.team):
        return Credential.objects.get(pk=credential.pk)


def test_pair_is_not_in_the_database_in_the_clear(acme: Team) -> None:
    credential = make_credential(acme)
    with scope(team=acme):
        (token,) = Credential.objects.filter(pk=credential.pk).values_list("pair", flat=True)

    pair = credential.partner_pair()
    assert pair.partner_user_secret.encode() not in token.token
    assert pair.partner_user_id.encode() not in token.token
    assert base64.urlsafe_b64encode(pair.partner_user_secret.encode()) not in token.token


def test_pair_reads_back(acme: Team) -> None:
    credential = Credential(team=acme, name="Main")
    credential.take_pair(KeyPair("partner", "s3cret"), timezone.now())
    credential.save()

    assert stored(credential).partner_pair() == KeyPair("partner", "s3cret")
    assert stored(credential).fingerprint == fingerprint("partner")


def test_secret_copied_to_another_row_does_not_open_there(acme: Team) -> None:
    main, other = make_credential(acme), make_credential(acme, "Other")
    with scope(team=acme):
        Credential.objects.filter(pk=other.pk).update(pair=main.pair)

    with pytest.raises(CannotOpen, match="belongs to another row"):
        stored(other).partner_pair()


def test_secret_copied_to_another_field_does_not_open_there(acme: Team) -> None:
    credential = make_credential(acme)
    with scope(team=acme):
        Credential.objects.filter(pk=credential.pk).update(previous_pair=credential.pair)

    with pytest.raises(CannotOpen, match="belongs to another row"):
        unseal(stored(credential), "previous_pair")


def test_secret_of_a_row_moved_to_another_team_does_not_open(acme: Team, umbrella: Team) -> None:
    credential = make_credential(acme)
    Credential._base_manager.filter(pk=credential.pk).update(team=umbrella)
    credential.team = umbrella

    with pytest.raises(CannotOpen, match="belongs to another row"):
        stored(credential).partner_pair()


def test_unsealed_value_cannot_reach_the_database_by_update(acme: Team) -> None:
    credential = make_credential(acme)

    with scope(team=acme), pytest.raises(TypeError, match="takes a sealed secret"):
        Credential.objects.filter(pk=credential.pk).update(pair={"id": "x", "secret": "y"})


def test_sealed_secret_shows_nothing(acme: Team) -> None:
    sealed = stored(make_credential(acme)).pair

    assert isinstance(sealed, Sealed)
    assert (repr(sealed), str(sealed), f"{sealed}") == ("<sealed>", "<sealed>", "<sealed>")


def test_dump_holds_no_secret(acme: Team) -> None:
    credential = stored(make_credential(acme))

    assert '"pair": "<sealed>"' in serializers.serialize("json", [credential])


def test_ring_follows_the_setting(settings: Any) -> None:
    settings.CREDENTIAL_KEYS = [OLD]
    token = ring().seal("secret", [])
    settings.CREDENTIAL_KEYS = [NEW, OLD]

    assert ring().open(token, []) == "secret"
    assert ring().is_newest(token) is False
