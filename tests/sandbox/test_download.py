import pytest

from sandbox.company.reports import OLD_REPORT
from tests.sandbox.caller import ACME, UMBRELLA

NOT_FOUND = {"responseMessage": "File not found", "responseCode": 404}


def test_file_can_be_fetched_again_and_again(caller):
    name = caller.export(reportIDList=OLD_REPORT, template="x").text

    assert [caller.download(name).text for _ in range(3)] == ["x", "x", "x"]


@pytest.mark.parametrize("keys", [{"fileSystem": "reconciliation"}, {"fileSystem": "elsewhere"}])
def test_wrong_file_system_is_not_found(caller, keys):
    name = caller.export(reportIDList=OLD_REPORT).text

    assert caller.download(name, **keys).json() == NOT_FOUND


def test_unknown_name_is_not_found(caller):
    assert caller.download("export0.csv").json() == NOT_FOUND


def test_missing_name_is_refused(caller):
    assert caller.envelope({"type": "download"})["responseCode"] == 410


def test_input_settings_are_rejected(caller):
    name = caller.export(reportIDList=OLD_REPORT).text

    assert caller.download(name, inputSettings={}).json()["responseCode"] == 410


def test_file_of_another_account_is_not_found(caller):
    name = caller.export(reportIDList=OLD_REPORT).text

    assert caller.download(name, pair=UMBRELLA).json() == NOT_FOUND


@pytest.mark.parametrize(
    ("download_by", "second_pair", "stranger"),
    [("account", True, False), ("pair", False, False), ("anyone", True, True)],
)
def test_download_rights_are_a_choice(calling, download_by, second_pair, stranger):
    caller = calling(download_by=download_by)
    caller.sandbox.add_pair("aa_second", "5" * 40, account="demo@acme.example")
    name = caller.export(reportIDList=OLD_REPORT, template="x").text

    assert [caller.download(name, pair=pair).text == "x" for pair in (ACME, "aa_second", UMBRELLA)] == [
        True, second_pair, stranger,
    ]  # fmt: skip


@pytest.mark.parametrize(("not_ready", "body"), [("404", "File not found"), ("empty", "")])
def test_file_is_not_found_before_it_is_ready(calling, clock, not_ready, body):
    caller = calling(generation_seconds=30.0, not_ready=not_ready)
    name = caller.export(reportIDList=OLD_REPORT, template="done").text

    clock.now += 29.9
    early = caller.download(name).text
    clock.now += 0.1

    assert (body in early, early == "", caller.download(name).text) == (True, not body, "done")


def test_old_files_are_gone(calling, clock):
    caller = calling(file_seconds=3600.0)
    name = caller.export(reportIDList=OLD_REPORT, template="x").text

    clock.now += 3599
    assert caller.download(name).text == "x"
    clock.now += 1
    assert caller.download(name).json() == NOT_FOUND
