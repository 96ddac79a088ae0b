"""Whatever is typed as a cron line is refused in words, or can be kept, said and followed."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from exports.schedules.rules.occurrences import next_occurrence
from exports.schedules.rules.rule import Rule, RuleKind
from exports.schedules.rules.words import in_words
from exports.schedules.rules.working_days import Calendar

PARTS = [
    "*",
    "0",
    "7",
    "31",
    "59",
    "5L",
    "L",
    "LW",
    "1#5",
    "MON",
    "FEB",
    "-",
    "/",
    ",",
    "#",
    "W",
    "²",
    "15W",
    "?",
    "1-5",
]
fields = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map("".join)
lines = st.lists(fields, min_size=5, max_size=5).map(" ".join) | st.text(max_size=40)


@given(lines)
@settings(max_examples=150, deadline=None)
def test_any_line_is_refused_or_followed(line: str) -> None:
    rule = Rule(RuleKind.CRON, cron=line)

    problems = rule.problems()

    if problems:
        assert [(field, sentence[-1:]) for field, sentence in problems] == [("cron", ".")]
    else:
        found = next_occurrence(rule, datetime(2026, 11, 23, tzinfo=UTC), Calendar())
        assert found is None or found.second == 0
        assert line in in_words(rule)
