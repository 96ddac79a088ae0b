"""The name of a generated file: valid and invalid answers."""

import json

import pytest

from expensify.errors import OutcomeUnknown
from expensify.jobs.export import MarkAsExported, ReportExport
from tests.expensify.scripted import http

OBSERVED = "export0fd99e06-a636-4974-b6bc-3ceb12163386.csv"


def export(extension: str = "csv") -> ReportExport:
    return ReportExport(report_ids=("50352738",), file_extension=extension)


@pytest.mark.parametrize("content_type", ["text/plain;charset=utf-8", "application/json", "text/html", ""])
def test_bare_name_is_accepted_with_any_content_type(server, caller, content_type):
    server.will_answer(http(OBSERVED, headers=f"Content-Type: {content_type}\r\n"))

    assert caller.client().generate(export(), "x") == [OBSERVED]


@pytest.mark.parametrize(
    ("body", "extension", "names"),
    [
        ("  export1.csv\r\n", "csv", ["export1.csv"]),
        ("Month end_2026-01.v2.csv", "csv", ["Month end_2026-01.v2.csv"]),
        ("EXPORT1.CSV", "csv", ["EXPORT1.CSV"]),
        ("export1.csv", "CSV", ["export1.csv"]),
        ("a1.pdf", "pdf", ["a1.pdf"]),
        ("a1.pdf,a2.pdf, a3.pdf\n", "pdf", ["a1.pdf", "a2.pdf", "a3.pdf"]),
        ("x" * 196 + ".csv", "csv", ["x" * 196 + ".csv"]),
        ('{"responseCode": 200, "filename": "export1.csv"}', "csv", ["export1.csv"]),
        ('{"responseCode": "200.0", "filename": "a1.pdf,a2.pdf"}', "pdf", ["a1.pdf", "a2.pdf"]),
    ],
)
def test_file_name_is_parsed(server, caller, body, extension, names):
    server.will_answer(http(body))

    assert caller.client().generate(export(extension), "x") == names


@pytest.mark.parametrize(
    ("body", "extension"),
    [
        ("", "csv"),
        ("   \n", "csv"),
        ("../../etc/passwd.csv", "csv"),
        ("folder/export.csv", "csv"),
        ("folder\\export.csv", "csv"),
        ("export%2f1.csv", "csv"),
        (".htaccess.csv", "csv"),
        (".csv", "csv"),
        ("export1.exe", "csv"),
        ("export1.csv.exe", "csv"),
        ("export1.xlsx", "xls"),
        ("export1csv", "csv"),
        ("export1", "csv"),
        ("export\0.csv", "csv"),
        ("export\x1b[2J.csv", "csv"),
        ("export\n1.csv", "csv"),
        ("exp\u202eort.csv", "csv"),
        ("März.csv", "csv"),
        ("١.csv", "csv"),
        ("<b>export</b>.csv", "csv"),
        ("<html>error</html>", "csv"),
        ('"export1.csv"', "csv"),
        ("x" * 197 + ".csv", "csv"),
        ("a.csv,b.csv", "csv"),
        ("a.pdf,", "pdf"),
        ("a.pdf,,b.pdf", "pdf"),
        ("a.pdf,b.csv", "pdf"),
        ("a.pdf,../b.pdf", "pdf"),
        ("[]", "csv"),
        ("null", "csv"),
        ("{}", "csv"),
        ('{"responseCode": 200}', "csv"),
        ('{"responseCode": 200, "filename": ["a.csv"]}', "csv"),
        ('{"responseCode": 200, "filename": "../a.csv"}', "csv"),
        ('{"responseCode": 200, "filename": ""}', "csv"),
        ("[" * 100_000, "csv"),
    ],
)
def test_invalid_name_has_an_unknown_outcome(server, caller, body, extension):
    server.will_answer(http(body))

    with pytest.raises(OutcomeUnknown) as caught:
        caller.client().generate(export(extension), "x")

    assert (caught.value.code, caught.value.http_status) == ("unreadable", 200)


def test_answer_over_a_megabyte_is_not_read_completely(server, caller):
    server.will_answer(http("x" * (3 * 1024 * 1024) + ".csv"))

    with pytest.raises(OutcomeUnknown) as caught:
        caller.client().generate(export(), "x")

    assert caught.value.code == "unreadable"
    assert caller.calls[0].bytes_received < 1.5 * 1024 * 1024


def test_job_is_sent_as_described(server, caller):
    job = ReportExport(report_ids=("R00bCluvcO4T", "50352738"), on_finish=(MarkAsExported("März"),), limit=3)
    server.will_answer(http(OBSERVED))

    caller.client().generate(job, "x")

    [sent] = server.requests[0].form["requestJobDescription"]
    sent = json.loads(sent)
    assert sent["inputSettings"] == {
        "type": "combinedReportData",
        "limit": "3",
        "filters": {"reportIDList": "R00bCluvcO4T,50352738"},
    }
    assert sent["onFinish"] == [{"actionName": "markAsExported", "label": "März"}]
