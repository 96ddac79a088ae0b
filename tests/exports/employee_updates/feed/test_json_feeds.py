"""Feeds in JSON: both shapes, what is repaired and told, and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.employee_updates.feed.checking import check_rows
from exports.employee_updates.feed.feed_json import read_feed
from exports.employee_updates.feed.findings import UnreadableFile
from exports.employee_updates.feed.reading import read_file, read_pasted
from exports.employee_updates.feed.settings import UpdateSettings
from exports.employee_updates.feed.sheet import Feed
from tests.exports.employee_updates.feed.feeds import ACME, known, unhurried
from tests.exports.employee_updates.feed.people import FULL, RECIPE, SENT, people

DATA = RECIPE[RECIPE.index('{\n    "Employees') :]
CELLS = {
    "email": "user@domain.com",
    "manager": "usermanager@domain.com",
    "policy": "1D1BC525C4892584",
    "is_terminated": "false",
}
STRAIGHT = "were made straight and double."
NOT_BOOLEAN = (
    "Record 1, isTerminated: the text “false” was read as no, and is sent as a boolean: nobody knows how Expensify "
    "reads the text."
)


def feed(text: str, **how: Any) -> Feed:
    read = read_pasted(text, **how)
    assert isinstance(read, Feed)
    return read


def refusal(text: str) -> str:
    with pytest.raises(UnreadableFile) as refused:
        read_pasted(text)
    return str(refused.value)


def one(**values: Any) -> Feed:
    return feed(json.dumps([values]))


def test_data_of_the_help_page_is_repaired_and_each_repair_told_with_its_place() -> None:
    read = feed(DATA)

    assert [dict(row.cells) for row in read.rows] == [CELLS]
    assert read.repairs == ("Line 7, column 24: the comma after the last value was taken out.", NOT_BOOLEAN)


def test_whole_block_of_the_help_page_gives_the_same_row_and_tells_what_was_passed_over() -> None:
    read = feed(RECIPE)

    assert [dict(row.cells) for row in read.rows] == [CELLS]
    assert read.repairs == (
        "Line 17, column 4: a stray quotation mark was taken out.",
        "Line 18, column 1: text that is no JSON was passed over.",
        "Line 25, column 24: the comma after the last value was taken out.",
        "The job description in lines 2 to 17 was passed over: settings are chosen on the page, and credentials are "
        "never taken from a text.",
        NOT_BOOLEAN,
    )


def test_recipe_lacks_the_employee_id_and_is_told_so_on_its_cell() -> None:
    read = feed(DATA)

    errors = check_rows(read.rows, known(), UpdateSettings(), read.findings).errors

    assert ("employee_id", "missing") in [(finding.field, finding.code) for finding in errors]


def test_secrets_of_a_pasted_job_are_not_in_any_message() -> None:
    assert "xxx" not in repr(feed(RECIPE))


@pytest.mark.parametrize("shape", [[SENT], {"Employees": [SENT]}, {"employees": [SENT]}, SENT])
def test_both_shapes_and_a_single_record_are_a_feed(shape: Any) -> None:
    rows = feed(json.dumps(shape)).rows
    checked = check_rows(rows, known(), UpdateSettings())

    assert [person.as_record(limits_in_cents=True) for person in checked.people] == [SENT]


@unhurried
@given(st.lists(people, min_size=1, max_size=3), st.booleans(), st.booleans())
def test_records_that_are_sent_read_as_the_same_records(found: list[Any], in_cents: bool, in_object: bool) -> None:
    records = [person.as_record(limits_in_cents=True) for person in found]
    text = json.dumps({"Employees": records} if in_object else records)

    rows = read_feed(text, limits_in_cents=True).rows

    assert [row.cells.get("approval_limit") for row in rows] == [
        None if person.approval_limit is None else f"{person.approval_limit:.2f}".removesuffix(".00")
        for person in found
    ]
    assert [row.cells.get("email") or "" for row in rows] == [person.email for person in found]


def test_file_in_json_is_a_feed_too() -> None:
    assert isinstance(read_file(json.dumps([SENT]).encode("utf-16")), Feed)


def test_full_record_in_cells_is_the_person_it_was() -> None:
    assert check_rows(feed(json.dumps([SENT])).rows, known(), UpdateSettings()).people == (FULL,)


@pytest.mark.parametrize(
    ("text", "repair"),
    [
        ('[{"employeeEmail": "a@b.example",}]', "Line 1, column 33: the comma after the last value was taken out."),
        ('[{"employeeEmail": "a@b.example"},]', "Line 1, column 34: the comma after the last value was taken out."),
        ("[{'employeeEmail': \"a@b.example\"}]", "Line 1, column 3: the quotation marks of a name " + STRAIGHT),
        ('[{"employeeEmail": “a@b.example”}]', "Line 1, column 20: the quotation marks of a value " + STRAIGHT),
        ('[{employeeEmail: "a@b.example"}]', "Line 1, column 3: the name “employeeEmail” was put in quotation marks."),
        ('[{"employeeEmail": "a@b.example"}]\'', "Line 1, column 35: a stray quotation mark was taken out."),
        ('[{"employeeEmail": "a@b.example"} /* me */]', "Line 1, column 35: a comment was taken out."),
        ('[{"employeeEmail": "a@b.example",,}]', "Line 1, column 34: a comma too many was taken out."),
        ('[{"employeeEmail": "a@b.example"}\n  {"x": True}]', "Line 2, column 3: a missing comma was put in."),
        ('data = [{"employeeEmail": "a@b.example"}]', "Line 1, column 1: text that is no JSON was passed over."),
    ],
)  # fmt: skip
def test_small_error_is_repaired_and_reported_with_its_position(text: str, repair: str) -> None:
    read = read_feed(text, limits_in_cents=True)

    assert read.rows[0].cells == {"email": "a@b.example"}
    assert repair in read.repairs


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[{"employeeEmail": "a@b.example}]', "at line 1, column 20 a quotation mark opens a text"),
        ('[\n{"employeeEmail": "a@b.example"', "at line 2, column 1 a bracket opens that is never closed with “}”"),
        ('[{"employeeEmail": "a"}, {"employeeEmail": ', "at line 1, column 44 the text breaks off"),
        ('[{"employeeEmail" "a@b.example"}]', "at line 1, column 19 a colon is missing after a name"),
        ('[{"employeeEmail": }]', "at line 1, column 20 a value is missing before “}”"),
        ('[{"employeeEmail": ann}]', "at line 1, column 20 a word stands without quotation marks"),
        ('[{"employeeEmail": "a"]', "at line 1, column 23 “]” stands where “}” has to be"),
        ("[{'lastName': 'O'Brien'}]", "at line 1, column 18 a comma is missing, or a quotation mark stands within"),
        ('[{"employeeEmail": "a", 5: 1}]', "at line 1, column 25 a name in quotation marks has to stand"),
    ],
)
def test_ambiguous_error_is_refused_with_its_position(text: str, place: str) -> None:
    assert place in refusal(text)


@pytest.mark.parametrize("secret", ["geheim", '"geheim', "'geheim' 'x'", '"a" : geheim'])
def test_refusal_quotes_nothing_of_a_text_that_may_hold_a_secret(secret: str) -> None:
    assert "geheim" not in refusal(f'{{"credentials": {{"partnerUserSecret": {secret}}}}}')


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "The feed is empty"),
        ('{"Employees": {}}', "The “Employees” in this feed are no list"),
        ('{"type": "update"}', "There is no feed in this text"),
        ('[{"employeeEmail": "a"}] [{"employeeEmail": "b"}]', "There are several feeds in this text"),
        ("[" * 5000, "This cannot be read as a feed: its brackets are nested deeper"),
        ("[" * 30 + "]" * 30 + "x", "This cannot be read as a feed: its brackets are nested deeper"),
        (json.dumps([{}] * 20_001), "There are more than 20,000 rows"),
    ],
)
def test_text_without_a_feed_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    assert refusal(text).startswith(sentence)


def test_number_for_an_identifier_keeps_its_digits_and_is_told() -> None:
    read = feed('[{"employeeID": 12345678901234567890, "domainGroupID": 407184}]')

    assert read.rows[0].cells == {"employee_id": "12345678901234567890", "domain_group": "407184"}
    assert [(f.field, f.severity, f.code) for f in read.findings] == [
        ("employee_id", "warning", "number_for_text"),
        ("domain_group", "warning", "number_for_text"),
    ]


def test_number_that_json_does_not_know_keeps_its_zeros() -> None:
    assert feed('[{"employeeID": 00123}]').rows[0].cells == {"employee_id": "00123"}


@pytest.mark.parametrize(
    ("value", "in_cents", "shown"),
    [(12300, True, "123"), (12345, True, "123.45"), (500, False, "500"), ("500", False, "500")],
)
def test_limit_in_a_feed_is_in_the_unit_that_is_sent(value: Any, in_cents: bool, shown: str) -> None:
    read = feed(json.dumps([{"approvalLimit": value}]), limits_in_cents=in_cents)

    assert read.rows[0].cells == {"approval_limit": shown}


def test_limit_in_cents_is_told_on_its_cell() -> None:
    assert [(f.row, f.field, f.code) for f in one(approvalLimit=12300).findings] == [
        (1, "approval_limit", "limit_in_cents")
    ]


@pytest.mark.parametrize("value", ["much", True, [], {}, 10**20, "1E-999999", "1E+999999", "NaN"])
def test_limit_that_is_no_amount_is_an_error(value: Any) -> None:
    assert [(f.field, f.severity, f.code) for f in one(approvalLimit=value).findings if f.severity == "error"] == [
        ("approval_limit", "error", "unreadable_amount")
    ]


@pytest.mark.parametrize(("key", "value"), [("firstName", {"a": 1}), ("defaultTags", [1, None]), ("role", ["user"])])
def test_value_of_another_shape_is_an_error_on_its_cell(key: str, value: Any) -> None:
    assert [(f.severity, f.code) for f in one(**{key: value}).findings if f.severity == "error"] == [
        ("error", "unreadable_value")
    ]


def test_null_is_an_empty_cell() -> None:
    assert one(firstName=None, defaultTags=None, approvalLimit=None).rows[0].cells == {}


def test_other_names_of_keys_are_read_and_told() -> None:
    read = one(workspaceID=ACME, limitApprover="a@b.example", EmployeeEmail="c@b.example")

    assert read.rows[0].cells == {"policy": ACME, "over_limit_approver": "a@b.example", "email": "c@b.example"}
    assert read.repairs == (
        "Record 1: “workspaceID” was read as “policyID”.",
        "Record 1: “limitApprover” was read as “overLimitApprover”.",
        "Record 1: “EmployeeEmail” was read as “employeeEmail”.",
    )


def test_unknown_keys_are_left_out_and_told_once() -> None:
    read = feed(json.dumps([{"shoeSize": 42, "firstName": "Ann"}, {"shoeSize": 43}]))

    assert [dict(row.cells) for row in read.rows] == [{"first_name": "Ann"}, {}]
    assert read.repairs == ("“shoeSize” is no field of an employee and was left out, in 2 records.",)


@pytest.mark.parametrize(
    "text",
    [
        '[{"policyID": "A", "policyID": "A"}]',
        '[{"policyID": "A", "workspaceID": "B"}]',
        '[{"policyID": "A", "policyID": "B",}]',
    ],
)
def test_key_that_comes_twice_is_an_error(text: str) -> None:
    assert {(f.field, f.severity, f.code) for f in feed(text).findings} == {("policy", "error", "key_twice")}


def test_entry_that_is_no_record_is_an_error_on_its_row() -> None:
    read = feed('[{"employeeEmail": "a@b.example"}, "x"]')

    assert [(f.row, f.field, f.code) for f in read.findings] == [(2, "", "no_record")]


def test_many_repairs_are_told_up_to_a_hundred() -> None:
    read = feed("[" + '{"employeeEmail": "a@b.example",},' * 150 + "]")

    assert (len(read.rows), len(read.repairs)) == (150, 101)
    assert read.repairs[-1] == "And 51 more of the same kinds."


def is_read_or_refused(text: str) -> bool:
    try:
        return bool(read_feed(text, limits_in_cents=True).rows)
    except UnreadableFile as refused:
        return str(refused).endswith(".")


@unhurried
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    assert is_read_or_refused(text)


@unhurried
@given(st.data())
def test_recipe_with_something_cut_out_is_read_or_refused_with_a_sentence(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(RECIPE)))
    end = data.draw(st.integers(start, len(RECIPE)))

    assert is_read_or_refused(RECIPE[:start] + RECIPE[end:])


def test_20_000_broken_records_are_repaired_in_reasonable_time() -> None:
    """A repair must not look through the whole text again; that would take hours."""
    assert len(feed("[" + '{"employeeEmail": "a@b.example",},\n' * 20_000 + "]").rows) == 20_000
