"""What the environment may say, and what stops the start."""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import environment as env
from tests.production import KEY, PRODUCTION, names_read

ROOT = Path(__file__).resolve().parent.parent
OTHER_KEY = base64.urlsafe_b64encode(bytes(range(32, 64))).decode()
SHOW = """
import json, sys
from portal import settings
print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}, default=str))
"""


def start(environment: dict[str, str], folder: Path, *names: str) -> "subprocess.CompletedProcess[str]":
    """Read the settings in a process that has this environment and no other."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", SHOW, *names],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "VAR_DIR": str(folder / "var"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def settings_with(folder: Path, *names: str, **environment: str) -> dict[str, Any]:
    started = start(PRODUCTION | environment, folder, *names)
    assert started.returncode == 0, started.stderr
    return dict(json.loads(started.stdout))


def complaint(folder: Path, **environment: str) -> str:
    started = start(PRODUCTION | environment, folder)
    assert started.returncode == 1
    return started.stderr.strip().splitlines()[-1].removeprefix("django.core.exceptions.ImproperlyConfigured: ")


# ------------------------------------------------------------ the start


@pytest.mark.parametrize("name", PRODUCTION)
def test_a_missing_setting_stops_the_start_by_its_name(name: str, tmp_path: Path) -> None:
    assert complaint(tmp_path, **{name: ""}) == f"Set {name} (or {name}_FILE): the portal does not start without it."


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "manage.py", "verify_audit"],
        [sys.executable, "manage.py", "migrate", "--plan"],
        [sys.executable, "-c", "import portal.wsgi"],
        [sys.executable, "-m", "celery", "-A", "portal", "beat"],
        ["script/process", "web"],
    ],
    ids=" ".join,
)
def test_a_missing_setting_is_a_sentence_and_no_traceback(command: list[str], tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {name: value for name, value in PRODUCTION.items() if name != "SECRET_KEY"}

    started = subprocess.run(
        command, cwd=ROOT, env={"PATH": path, "VAR_DIR": str(tmp_path), **environment}, capture_output=True, text=True
    )

    assert (started.returncode, started.stdout, started.stderr) == (
        1,
        "",
        "Set SECRET_KEY (or SECRET_KEY_FILE): the portal does not start without it.\n",
    )


def test_production_does_not_start_on_a_demo_secret_key(tmp_path: Path) -> None:
    said = complaint(tmp_path, SECRET_KEY="demo-" + "k" * 60)

    assert said == "SECRET_KEY is a demo key or shorter than 50 characters: make one of your own."


def test_production_does_not_start_on_a_demo_credential_key(tmp_path: Path) -> None:
    said = complaint(tmp_path, CREDENTIAL_KEYS=f"{KEY},demo{KEY[4:]}")

    assert said == "CREDENTIAL_KEYS holds a demo key: make one with `script/new-key`."


def test_production_speaks_https_only(tmp_path: Path) -> None:
    names = ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "DEBUG")

    assert settings_with(tmp_path, *names) == dict(zip(names, (True, True, True, False), strict=True))


def test_the_demo_speaks_plain_http_and_takes_demo_keys(tmp_path: Path) -> None:
    names = ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "SECURE_HSTS_SECONDS", "DEBUG")
    demo = {"DEMO": "yes", "SECRET_KEY": "demo-", "CREDENTIAL_KEYS": f"demo{KEY[4:]}", "ALLOWED_HOSTS": ""}

    assert settings_with(tmp_path, *names, **demo) == dict(zip(names, (False, False, 0, False), strict=True))


def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{OTHER_KEY}\n")

    found = settings_with(tmp_path, "CREDENTIAL_KEYS", CREDENTIAL_KEYS="", CREDENTIAL_KEYS_FILE=str(tmp_path / "keys"))

    assert found == {"CREDENTIAL_KEYS": [str(bytes(range(32, 64)))]}


def test_a_file_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    said = complaint(tmp_path, SECRET_KEY_FILE=str(tmp_path / "none"))

    assert said == f"SECRET_KEY_FILE names {tmp_path / 'none'}, which cannot be read: No such file or directory."


def test_mail_goes_where_email_url_says(tmp_path: Path) -> None:
    names = ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS")

    found = settings_with(tmp_path, *names, EMAIL_URL="smtp://portal%40acme.example:p%2Fw@mail.acme.example:587?tls=1")

    assert list(found.values()) == ["mail.acme.example", 587, "portal@acme.example", "p/w", True]


def test_results_lie_where_storage_url_says(tmp_path: Path) -> None:
    found = settings_with(tmp_path, "STORAGES", STORAGE_URL="s3://key:secret@bucket/results?region=eu-central-1")

    options = found["STORAGES"]["default"]["OPTIONS"]
    assert {name: options[name] for name in ("bucket_name", "location", "access_key", "region_name")} == {
        "bucket_name": "bucket",
        "location": "results",
        "access_key": "key",
        "region_name": "eu-central-1",
    }


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("STORAGE_URL", "ftp://files", "STORAGE_URL must begin with file:// or s3://."),
        ("EMAIL_URL", "imap://mail", "EMAIL_URL must begin with smtp://, smtps:// or file://."),
        ("EMAIL_URL", "mail.example.com", "EMAIL_URL must be a URL such as scheme://host/path."),
        ("DEMO", "perhaps", "DEMO is “perhaps”; use yes or no."),
        ("RETRY_SECONDS", "soon", "RETRY_SECONDS is “soon”; a number is needed."),
    ],
)
def test_a_setting_that_cannot_be_read_stops_the_start(name: str, value: str, said: str, tmp_path: Path) -> None:
    assert complaint(tmp_path, **{name: value}) == said


# ------------------------------------------------------------ reading


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOUR", "")

    assert env.text("COLOUR", "blue") == "blue"


@pytest.mark.parametrize(("value", "read"), [("yes", True), ("TRUE", True), ("1", True), ("off", False), ("No", False)])
def test_flags_are_said_in_several_ways(value: str, read: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOUR", value)

    assert env.flag("COLOUR", not read) is read


def test_keys_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYS", f"{OTHER_KEY}, {KEY}")

    assert env.keys("KEYS") == [bytes(range(32, 64)), bytes(range(32))]


@pytest.mark.parametrize("bad", ["short", KEY[:-2], "§" * 44])
def test_a_key_of_the_wrong_form_is_named_by_its_place_and_not_shown(bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYS", f"{KEY},{bad}")

    with pytest.raises(ImproperlyConfigured) as caught:
        env.keys("KEYS")

    assert str(caught.value) == (
        "KEYS: key number 2 is not 32 bytes of URL-safe base64. `script/new-key` prints a good one."
    )


@pytest.mark.parametrize("name", ["AUDIT_HEADS", "AUDIT_STREAM"])
@pytest.mark.parametrize(
    ("address", "key", "complaint"),
    [
        ("/var/log/heads", "", "must begin with one of: "),
        ("ftp://example.com", "", "must begin with one of: "),
        ("https://user@example.com", "k" * 40, "cannot be read. Give an address that begins with https://"),
        ("https://good.example\\\\@127.0.0.1/", "k" * 40, "cannot be read. Give an address that begins with https://"),
        ("https://example.com", "", "is a webhook: set AUDIT_WEBHOOK_KEY"),
        ("https://example.com", "k" * 31, "is a webhook: set AUDIT_WEBHOOK_KEY"),
    ],
)
def test_place_for_the_audit_log_that_cannot_work_stops_the_start(
    name: str, address: str, key: str, complaint: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{name} {complaint}"):
        env.refuse_audit_address(name, address, ["https", "file"], key)


@pytest.mark.parametrize(("address", "key"), [("", ""), ("file:///heads", ""), ("https://example.com", "k" * 32)])
def test_place_for_the_audit_log_that_can_work_does_not(address: str, key: str) -> None:
    env.refuse_audit_address("AUDIT_HEADS", address, ["https", "file"], key)


# ------------------------------------------------------------ what is written about them


def test_every_setting_is_documented_and_nothing_else() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.M)

    assert sorted(documented) == sorted(names_read())
