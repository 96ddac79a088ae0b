"""Days off out of calendar files, honest and hostile."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.schedules.rules.ics import UnreadableCalendar, read_ics

TODAY = date(2026, 11, 22)


def ics(*events: str) -> bytes:
    inside = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//\r\n{inside}END:VCALENDAR\r\n".encode()


def event(start: str, *more: str, name: str = "Day off") -> str:
    return "\r\n".join([f"DTSTART;VALUE=DATE:{start}", f"SUMMARY:{name}", *more])


def test_whole_days_are_imported_without_the_end() -> None:
    found = read_ics(
        ics(
            event("20261224", "DTEND;VALUE=DATE:20261227", name="Betriebsruhe"),
            event("20261208", name="Mariä\\, Empfängnis"),
        ),
        TODAY,
    )

    assert found.left_out == ()
    assert found.days == {
        date(2026, 12, 8): "Mariä, Empfängnis",
        date(2026, 12, 24): "Betriebsruhe",
        date(2026, 12, 25): "Betriebsruhe",
        date(2026, 12, 26): "Betriebsruhe",
    }


def test_yearly_one_comes_for_the_years_ahead_less_its_exceptions() -> None:
    found = read_ics(ics(event("20200106", "RRULE:FREQ=YEARLY;UNTIL=20300101", "EXDATE;VALUE=DATE:20280106")), TODAY)

    assert list(found.days) == [date(year, 1, 6) for year in (2026, 2027, 2029)]


def test_other_events_are_skipped_with_a_sentence() -> None:
    found = read_ics(
        ics(
            "DTSTART:20261201T090000Z\r\nSUMMARY:Meeting",
            event("20261201", "RRULE:FREQ=WEEKLY"),
            event("20261201", "DTEND;VALUE=DATE:20270301"),
            event("20261202", "STATUS:CANCELLED"),
            event("20190101"),
            event("20180101"),
            "SUMMARY:No date",
            event("20261203", "EXDATE:x"),
        ),
        TODAY,
    )

    assert found.days == {}
    assert set(found.left_out) == {
        "1 event was left out, with a time of day: only whole days can be days off.",
        "1 event was left out, with a recurrence other than once a year on the same date.",
        "1 event was left out, longer than 31 days.",
        "1 event was left out, marked as cancelled.",
        "2 events were left out, in the past, or more than 5 years ahead.",
        "2 events were left out, without a date that can be read.",
    }


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04", "This is not a calendar file. Choose one whose name ends with .ics."),
        (b"Date,Name\n2026-12-25,Christmas", "This is not a calendar file. Choose one whose name ends with .ics."),
        (b"", "This is not a calendar file. Choose one whose name ends with .ics."),
        (b"x" * 1_000_001, "The file is larger than 1 MB. Export a calendar that holds only the days off."),
        (ics(*["SUMMARY:x"] * 5001), "The file has more than 5000 events. Export only the days off."),
        (
            ics(*[event(f"20270{1 + n // 9}01", "RRULE:FREQ=YEARLY", "DURATION:P31D") for n in range(81)]),
            "The file has more than 1000 days off. Export only the days off.",
        ),
    ],
    ids=["zip", "csv", "empty", "large", "many-events", "many-days"],
)  # fmt: skip
def test_unreadable_file_says_why(content: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableCalendar) as refused:
        read_ics(content, TODAY)

    assert str(refused.value) == sentence


LINES = st.lists(
    st.sampled_from([
        "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "DTSTART;VALUE=DATE:20261224",
        "DTSTART;VALUE=DATE:99991231", "DTEND;VALUE=DATE:00010101", "DTSTART:nonsense", "DTSTART;VALUE=DATE:20240229",
        "RRULE:FREQ=YEARLY", "RRULE:FREQ=YEARLY;INTERVAL=0", "RRULE:FREQ=YEARLY;COUNT=x", "RRULE:",
        "DURATION:P99999999D", "DURATION:-P1D", "EXDATE:20261224T000000Z", "EXDATE:x", "SUMMARY:", "SUMMARY:a\x00b",
        "RRULE:FREQ=YEARLY;UNTIL=20300101T000000Z", "RRULE:FREQ=YEARLY;BYMONTH=13", ":", ";;;", "DTSTART;TZID=X:1",
    ])
)  # fmt: skip


@given(LINES | st.text().map(lambda text: [text]))
@settings(deadline=None, max_examples=150)
def test_any_file_is_read_or_refused_in_words(lines: list[str]) -> None:
    event = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"]
    for content in ("\r\n".join(lines), "\r\n".join(event)):
        try:
            found = read_ics(content.encode(), TODAY)
        except UnreadableCalendar:
            continue
        assert all(0 < len(name) <= 100 for name in found.days.values())
