import pytest

TEMPLATE = """<#list cards as card, reports>
<#list reports as report>
<#list report.transactionList as line>
${card.ID?c}|${card.owner}|${report.ID?c}|${line.originalAmount?c}|${line.posted}<#lt>
</#list>
</#list>
</#list>
"""
PERIOD = {"startDate": "2026-01-01", "endDate": "2026-03-31"}


def reconcile(caller, *, kind="All", template=TEMPLATE, output=None, on_finish=(), **settings):
    described = {"type": kind, **PERIOD, "domain": "acme.example", "feed": "export_all_feeds", "async": False}
    job = {"type": "reconciliation", "inputSettings": described | settings, "outputSettings": output or {}}
    job["onFinish"] = list(on_finish)
    return caller.envelope(job, template=template)


def lines(caller, **settings):
    name = reconcile(caller, **settings)["filename"]
    text = caller.download(name, fileSystem="reconciliation").text
    return [line.split("|") for line in text.splitlines()]


def test_answer_names_the_file_in_an_envelope(caller):
    answer = reconcile(caller)

    assert (answer["responseMessage"], answer["responseCode"]) == ("OK", 200)
    assert answer["filename"] == "is_reconciliation_5429137734434770049.csv"


def test_all_lines_of_the_cards_are_there_with_spending_negative(caller):
    company = caller.sandbox.company

    found = lines(caller)

    cards = {str(card.id): card for card in company.cards if card.email.endswith("@acme.example")}
    assert {line[0] for line in found} <= set(cards)
    reported = [
        expense
        for report in company.reports.values()
        for expense in report.expenses
        if str(expense.get("cardID")) in cards and "2025-12-31" <= expense["created"] <= "2026-03-30"
    ]
    loose = [line for card in cards.values() for line in card.lines]
    assert sorted(int(line[3]) for line in found) == sorted(-expense["amount"] for expense in reported + loose)


def test_unreported_lines_have_report_id_zero(caller):
    found = lines(caller, kind="Unreported")

    assert len(found) == sum(
        len(card.lines) for card in caller.sandbox.company.cards if card.email.endswith("@acme.example")
    )
    assert {line[2] for line in found} == {"0"}


def test_feed_narrows_the_cards(caller):
    by_id = {str(card.id): card.bank for card in caller.sandbox.company.cards}

    assert {by_id[line[0]] for line in lines(caller, feed="vcf")} == {"vcf"}


def test_file_is_in_its_own_file_system(caller):
    name = reconcile(caller)["filename"]

    assert caller.download(name).json()["responseCode"] == 404


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"domain": "umbrella.example"}, 403),
        ({"domain": ""}, 410),
        ({"startDate": "January"}, 410),
        ({"endDate": "2025-01-01"}, 410),
        ({"async": True}, 410),
        ({"output": {"fileExtension": "xlsx"}}, 410),
        ({"template": ""}, 410),
    ],
)
def test_bad_settings_are_refused(caller, settings, code):
    assert reconcile(caller, **settings)["responseCode"] == code


def test_broken_template_has_the_servers_own_message(caller):
    assert reconcile(caller, template="<#list cards>") == {
        "responseMessage": "Error encountered while trying to write reconcilation report to file.",
        "responseCode": 500,
    }


def test_mail_is_recorded_with_the_file(caller):
    name = reconcile(caller, on_finish=[{"actionName": "email", "recipients": "a@acme.example"}])["filename"]

    assert [(mail["recipients"], mail["file_names"]) for mail in caller.sandbox.mails] == [(["a@acme.example"], [name])]
