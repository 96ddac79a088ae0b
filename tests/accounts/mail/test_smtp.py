"""One mail over a real SMTP server: sent, surely not sent, refused, or unclear."""

import socket
import ssl
import subprocess
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from accounts.mail import smtp
from accounts.mail.smtp import MailConnection, MailRefused, MailServerUnreachable, NotSent, Unclear
from tests.servers import free_port
from tests.smtp import mail_server, rude_server

PASSWORD = "not-for-the-page-9c1"


def message(subject: str = "Monthly expenses", text: str = "Here they are.\n") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Expensify Portal <portal@acme.example>"
    mail["To"] = "bob@acme.example"
    mail["Subject"] = subject
    mail.set_content(text)
    return mail


def send(what: EmailMessage | None = None, to: str = "bob@acme.example") -> int:
    with MailConnection() as connection:
        return connection.send(what or message(), to)


def failure(kind: type[Exception], what: EmailMessage | None = None, to: str = "bob@acme.example") -> str:
    with pytest.raises(kind) as raised:
        send(what, to)
    assert type(raised.value) is kind
    return str(raised.value)


def test_mail_arrives_unchanged() -> None:
    with mail_server() as box:
        size = send(message("Über 1.000 € für Łódź", "Zeile\n.\n..zwei\nŁódź 東京\n"))

    (caught,) = box.mails
    assert (caught.sender, caught.to) == ("portal@acme.example", "bob@acme.example")
    assert caught.message["Subject"] == "Über 1.000 € für Łódź"
    assert caught.message.get_content().replace("\r\n", "\n") == "Zeile\n.\n..zwei\nŁódź 東京\n"
    assert caught.content.isascii()
    assert size == len(caught.content)


def test_a_file_keeps_its_name_and_bytes() -> None:
    mail = message()
    content = bytes(range(256)) * 1000
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename="Größe 東京.csv")

    with mail_server() as box:
        send(mail)

    (attachment,) = box.mails[0].message.iter_attachments()
    assert (attachment.get_filename(), attachment.get_content()) == ("Größe 東京.csv", content)


def test_a_connection_serves_many_mails() -> None:
    with mail_server() as box, MailConnection() as connection:
        for number in range(5):
            connection.send(message(str(number)), f"bob{number}@acme.example")

    assert [caught.to for caught in box.mails] == [f"bob{number}@acme.example" for number in range(5)]
    assert box.connections == 1


def test_connection_closed_by_the_server_is_opened_again(settings: Any) -> None:
    with MailConnection() as connection:
        with mail_server() as box:
            connection.send(message(), "bob@acme.example")
            port = settings.EMAIL_PORT
        with mail_server(port=port) as later:
            connection.send(message(), "bob@acme.example")

    assert (len(box.mails), len(later.mails)) == (1, 1)


def test_international_domain_is_sent_in_ascii() -> None:
    with mail_server() as box:
        send(to="bob@büro.example")

    assert box.mails[0].to == "bob@xn--bro-hoa.example"


def test_international_address_is_sent_with_smtputf8() -> None:
    with mail_server() as box:
        send(to="bjørn@acme.example")

    assert box.mails[0].to == "bjørn@acme.example"


def test_international_address_is_refused_without_smtputf8() -> None:
    with mail_server(enable_SMTPUTF8=False):
        sentence = failure(MailRefused, to="bjørn@acme.example")

    assert sentence == "The mail server 127.0.0.1 takes no address with letters beyond ASCII before its @."


@pytest.mark.parametrize("address", ["bob", "bob@acme.example\r\nRCPT TO:<eve@evil.example>", "a b@c", "<>@c"])
def test_invalid_address_is_refused_without_connecting(address: str) -> None:
    with mail_server() as box:
        failure(MailRefused, to=address)

    assert (box.mails, box.connections) == ([], 0)


def test_header_with_a_line_break_is_refused() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        message("Report\r\nBcc: eve@evil.example")


# ------------------------------------------------------------ surely not sent


def test_unreachable_server_has_sent_nothing(settings: Any) -> None:
    settings.EMAIL_FILE_PATH, settings.EMAIL_HOST, settings.EMAIL_PORT = None, "127.0.0.1", free_port()
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False

    assert failure(MailServerUnreachable) == "The mail server 127.0.0.1 could not be reached (Connection refused)."


def test_unreachable_server_is_tried_once_a_round(settings: Any) -> None:
    with mail_server() as box, MailConnection() as connection:
        port, settings.EMAIL_PORT = settings.EMAIL_PORT, free_port()
        with pytest.raises(MailServerUnreachable):
            connection.send(message(), "bob@acme.example")
        settings.EMAIL_PORT = port
        with pytest.raises(MailServerUnreachable):
            connection.send(message(), "erin@acme.example")

    assert box.connections == 0


def test_wrong_password_is_reported_without_showing_it(settings: Any) -> None:
    with mail_server(password="right") as box:
        settings.EMAIL_HOST_PASSWORD = PASSWORD
        sentence = failure(MailServerUnreachable)

    assert sentence == (
        "The mail server 127.0.0.1 does not let the portal sign in (code 535): "
        "an operator must look at the user and the password in EMAIL_URL."
    )
    assert box.mails == []


@pytest.mark.parametrize("password", [PASSWORD, "pässwörd"])
def test_right_password_signs_in(settings: Any, password: str) -> None:
    with mail_server(password=password) as box:
        if password.isascii():
            send()
        else:  # smtplib signs in with ASCII only; the sentence is the same as for a wrong password
            assert "pässwörd" not in failure(MailServerUnreachable)

    assert len(box.mails) == password.isascii()


def test_quoted_reply_does_not_show_the_password(settings: Any) -> None:
    with mail_server(password=PASSWORD) as box:
        box.mail_answer = f"451 portal:{PASSWORD} cGVybg== is not\tright"
        sentence = failure(NotSent)

    assert sentence == "The mail server does not take the mail now: “451 portal:… cGVybg== is not right”."


def test_missing_sign_in_does_not_refuse_the_mail() -> None:
    with mail_server() as box:
        box.mail_answer = "530 Authentication required"
        sentence = failure(MailServerUnreachable)

    assert "An operator must look at EMAIL_URL." in sentence


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
def test_temporary_error_has_sent_nothing(phase: str) -> None:
    with mail_server() as box:
        if phase == "mail":
            box.mail_answer = "451 Greylisted"
        elif phase == "rcpt":
            box.recipients["bob@acme.example"] = "451 Greylisted"
        else:
            box.data_answer = "451 Greylisted"
        sentence = failure(NotSent)

    assert "now: “451 Greylisted”." in sentence


def test_silent_server_runs_into_the_timeout() -> None:
    with mail_server() as box:
        box.silent_at = "RCPT"
        sentence = failure(NotSent)

    assert sentence == "The mail server 127.0.0.1 broke off before it had the mail (no answer in time)."


def test_server_that_hangs_up_before_the_dot_has_sent_nothing() -> None:
    with rude_server(lines=3) as read:
        sentence = failure(NotSent, message(text="line\n" * 1_000_000))

    assert sentence.startswith("The mail server 127.0.0.1 broke off before it had the mail (")
    assert len(read) == 3


def test_invalid_certificate_is_not_trusted(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)

    with mail_server(tls=tls) as box:
        sentence = failure(MailServerUnreachable)

    assert "its certificate is not good" in sentence
    assert box.mails == []


def test_nothing_is_sent_without_the_configured_encryption(settings: Any) -> None:
    with mail_server() as box:
        settings.EMAIL_USE_TLS = True
        sentence = failure(MailServerUnreachable)

    assert "does not offer the encryption" in sentence
    assert box.mails == []


# ------------------------------------------------------------ refused


def test_refused_recipient_does_not_stop_other_mails() -> None:
    with mail_server() as box, MailConnection() as connection:
        box.recipients["gone@acme.example"] = "550 5.1.1 No such user here"
        connection.send(message(), "bob@acme.example")
        with pytest.raises(MailRefused) as refused:
            connection.send(message(), "gone@acme.example")
        connection.send(message(), "erin@acme.example")

    assert str(refused.value) == "The mail server refused the recipient: “550 5.1.1 No such user here”."
    assert [caught.to for caught in box.mails] == ["bob@acme.example", "erin@acme.example"]


@pytest.mark.parametrize("announced", [True, False])
def test_a_mail_that_is_too_large_is_refused(announced: bool) -> None:
    with mail_server(data_size_limit=2_000) as box:
        mail = message(text="x" * 70 + "\n") if announced else message()
        mail.set_content("line\n" * 20_000)
        sentence = failure(MailRefused, mail)

    assert sentence.startswith("The mail server refused the mail: “552 ")
    assert box.mails == []


def test_refusal_after_the_final_dot_is_a_refusal() -> None:
    with mail_server() as box:
        box.data_answer = "554 5.7.1 Looks like spam\u0007 " + "x" * 500
        sentence = failure(MailRefused)

    assert sentence.startswith("The mail server refused the mail: “554 5.7.1 Looks like spam")
    assert sentence.isprintable()
    assert len(sentence) < 300


# ------------------------------------------------------------ unclear


def test_no_reply_to_the_final_dot_is_unclear() -> None:
    with mail_server() as box:
        box.silent_at = "."
        sentence = failure(Unclear)

    assert sentence == "The whole mail was handed to 127.0.0.1, but its answer did not come (no answer in time)."
    assert len(box.mails) == 1


def test_server_that_hangs_up_after_the_final_dot_is_unclear() -> None:
    with mail_server() as box:
        box.hang_up_after_data = True
        sentence = failure(Unclear)

    assert sentence.startswith("The whole mail was handed to 127.0.0.1, but its answer did not come (")
    assert len(box.mails) == 1


# ------------------------------------------------------------ files


def test_each_mail_to_a_folder_is_a_file(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")

    send(), send()

    files = list((tmp_path / "mail").iterdir())
    assert len(files) == 2
    assert "Subject: Monthly expenses" in files[0].read_text()


def test_unwritable_folder_has_sent_nothing(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("in the way")
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")

    assert "could not be written" in failure(MailServerUnreachable)


def test_sending_takes_less_time_than_the_limit_for_dead_workers(settings: Any) -> None:
    most = smtp.CONNECT_SECONDS + (smtp.WAITS_BEFORE + smtp.WAITS_AFTER) * settings.MAIL_ANSWER_SECONDS

    assert most < settings.MAIL_STUCK_SECONDS
    assert socket.getdefaulttimeout() is None
