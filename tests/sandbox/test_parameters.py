import json

import pytest

from sandbox.parameters import read_form, read_json, without_secrets

MULTIPART = (
    b"--B\r\nContent-Disposition: form-data; name=\"requestJobDescription\"\r\n\r\n{}\r\n"
    b"--B\r\nContent-Disposition: form-data; name=\"data\"; filename=\"people.csv\"\r\nContent-Type: text/csv\r\n\r\n"
    b"Name\r\nJ\xc3\xbcrgen\n\r\n--B--\r\n"
)  # fmt: skip


def test_file_part_is_read_byte_for_byte():
    assert read_form(MULTIPART, "multipart/form-data; boundary=B") == {
        "requestJobDescription": "{}",
        "data": "Name\r\nJürgen\n",
    }


def test_body_of_another_type_holds_no_parameters():
    assert read_form(b"a=b", "application/json") == {}


def test_plus_and_percent_are_decoded():
    assert read_form(b"template=a+b%2Bc%25&empty=", "application/x-www-form-urlencoded; charset=utf-8") == {
        "template": "a b+c%",
        "empty": "",
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': 'it\\'s', \"b\": \"don't, ]\"}", {"a": "it's", "b": "don't, ]"}),
        ('{"a": [1, 2,], }', {"a": [1, 2]}),
        ('{"a": 1}\'\n', {"a": 1}),
        ("{'a': 'say \"x\"'}", {"a": 'say "x"'}),
        ('  {"a": "line\nbreak",}', {"a": "line\nbreak"}),
    ],
)
def test_quirks_of_published_samples_are_read(text, value):
    with pytest.raises(ValueError):
        read_json(text, lenient=False)
    assert read_json(text, lenient=True) == value


@pytest.mark.parametrize("text", ["", "{", "{a: 1}", '{"a": 1} and more', "{'a': }"])
def test_invalid_json_is_rejected(text):
    with pytest.raises(ValueError):
        read_json(text, lenient=True)


def test_secrets_are_removed_at_every_depth():
    job = {
        "credentials": {
            "partnerUserID": "id",
            "partnerUserSecret": "x",
            "feedPassword": "x",
            "sftp": {"password": "x"},
        },
        "onFinish": [{"sftpData": {"login": "me", "password": "x"}}],
    }

    assert without_secrets(job) == {
        "credentials": {"partnerUserID": "id", "sftp": {}},
        "onFinish": [{"sftpData": {"login": "me"}}],
    }


def test_employee_feed_may_come_as_a_file_part(caller):
    policy = next(iter(caller.sandbox.company.policies.values()))
    manager = policy.owner
    row = {"employeeEmail": "new@acme.example", "managerEmail": manager, "employeeID": "1", "policyID": policy.id}
    job = {
        "type": "update",
        "credentials": caller.credentials(),
        "dataSource": "request",
        "inputSettings": {"type": "employees", "entity": "generic"},
    }

    answer = caller.http.post(
        caller.url,
        data={"requestJobDescription": json.dumps(job)},
        files={"data": ("feed.json", json.dumps([row]).encode(), "application/json")},
    )

    assert answer.json()["updatedEmployeesCount"] == 1
