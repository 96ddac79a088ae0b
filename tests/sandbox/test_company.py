import re
from datetime import date

import pytest

from sandbox.choices import Choices
from sandbox.company.company import Company
from sandbox.company.fields import report_fields
from sandbox.company.model import in_report_currency
from sandbox.company.reports import OLD_REPORT

TODAY = date(2026, 3, 18)


@pytest.fixture(scope="module")
def company():
    return Company(TODAY)


@pytest.fixture(scope="module")
def reports(company):
    return [report_fields(company, report, Choices()) for report in company.reports.values()]


@pytest.fixture(scope="module")
def expenses(reports):
    return [expense for report in reports for expense in report["transactionList"]]


def test_same_day_and_seed_give_the_same_company(company, reports):
    again = Company(TODAY)

    assert [report_fields(again, report, Choices()) for report in again.reports.values()] == reports


def test_company_has_a_realistic_size(company, expenses):
    assert (len(company.policies), len(company.people), len(company.reports)) == (7, 71, 393)
    assert len(expenses) == 3851


@pytest.mark.parametrize("today", ["2026-03-01", "2024-02-29", "2026-01-31", "2026-12-31"])
def test_last_and_current_month_have_reports_and_the_future_has_none(today):
    company = Company(date.fromisoformat(today))

    months = [report.created.month for report in company.reports.values()]

    assert months.count(company.today.month) >= 28
    assert months.count((company.today.month - 2) % 12 + 1) >= 28
    assert max(report.reimbursed or report.dated for report in company.reports.values()).date() <= company.today


def test_every_state_occurs_for_each_domain(company):
    for domain in ("acme.example", "umbrella.example"):
        states = {report.state for report in company.reports.values() if report.account_email.endswith(domain)}
        assert states == {"OPEN", "SUBMITTED", "APPROVED", "REIMBURSED", "ARCHIVED"}


def test_totals_are_the_sums_in_report_currency(reports):
    for report in reports:
        assert report["total"] == sum(in_report_currency(expense) for expense in report["transactionList"])


def test_amounts_are_whole_cents(reports, expenses):
    assert {type(report["total"]) for report in reports} == {int}
    assert {type(expense["amount"]) for expense in expenses} == {int}
    assert {type(expense["convertedAmount"]) for expense in expenses} == {int, str}


def test_foreign_expenses_and_only_those_are_converted(reports):
    for report in reports:
        for expense in report["transactionList"]:
            assert (expense["convertedAmount"] != "") is (expense["currency"] != report["currency"])


def test_unedited_expenses_have_empty_modified_values(expenses):
    plain = [expense for expense in expenses if not expense["modified"]]

    assert {
        expense[name] for expense in plain for name in ("modifiedAmount", "modifiedMerchant", "modifiedCreated")
    } == {""}
    assert 0.05 < 1 - len(plain) / len(expenses) < 0.2


def test_tax_fields_are_there_only_with_tax(expenses):
    for expense in expenses:
        assert ("taxAmount" in expense) is expense["hasTax"]


def test_units_belong_to_distance_and_time(expenses):
    for expense in expenses:
        assert ("units" in expense) is (expense["type"] in ("distance", "time"))
    assert {expense["type"] for expense in expenses} == {"expense", "distance", "time"}


def test_tags_are_joined_by_colons_and_split_by_level(expenses):
    levelled = [expense for expense in expenses if "ntag2" in expense]

    for expense in levelled:
        first, second = (expense[name].replace(":", "\\:") for name in ("ntag1", "ntag2"))
        assert expense["tag"] == f"{first}:{second}"
    assert any("\\:" in expense["tag"] for expense in levelled)


def test_awkward_text_is_in_the_data(expenses):
    text = "".join(expense["merchant"] + expense["comment"] for expense in expenses)

    assert [mark for mark in (",", '"', "\n", "\r\n", "🎉", "ü", "&amp;", "=SUM", ";") if mark not in text] == []


def test_identifiers_have_the_forms_of_the_real_ones(company, expenses):
    assert [id for id in company.policies if not re.fullmatch(r"[0-9A-F]{16}", id)] == []
    assert [id for id in company.reports if not re.fullmatch(r"R00[0-9A-Za-z]{9}", id)] == [OLD_REPORT]
    identifiers = [expense["transactionID"] for expense in expenses]
    assert {(len(id), id.isdigit()) for id in identifiers} == {(19, True)}
    assert len(set(identifiers)) == len(identifiers)


def test_people_submit_upwards_and_approvers_are_members(company):
    for report in company.reports.values():
        members = company.policies[report.policy_id].members
        for email, _ in report.approvals:
            assert email in members
            assert email != report.account_email


def test_large_reports_go_to_the_second_approver(company):
    chains = {len(report.approvals) for report in company.reports.values() if report.approved}

    assert chains == {1, 2}


def test_some_reports_are_already_marked(company):
    labels = set().union(*(report.labels for report in company.reports.values()))

    assert labels == {"Datev", "ERP"}


def test_report_dates_can_be_days_only(company):
    shown = report_fields(company, company.reports[OLD_REPORT], Choices(report_dates="date"))

    assert (shown["created"], len(shown["submitted"])) == ("2026-02-17", 10)
