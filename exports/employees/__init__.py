"""Employee updates without a database or a network: pure functions, from a file to what Expensify answered.

sheet = read_file(content)                            # or read_pasted(text); Unreadable says why not, to people
fields = [suggestion.field for suggestion in suggest(sheet)]
rows, found = mapped(sheet, fields, {"policy": policy})  # a Feed, which is JSON, has its rows and findings already
checked = check(rows, known, settings, found)         # people, findings on their cells, trees of wrong chains
people = checked.numbered
diff = changes(people, known)                         # readiness, guard, not_in_feed: about leavers
content_hash(checked.people, settings)                # what an approval is bound to
settings.job(dry_run=True).data(records(checked.people, settings))
receipt(diff, answer, dry_run=True, policies=known.policies)
compare(diff, members_now, known.policies)            # after an update whose answer was lost
rows_of(reverse(diff, known).people)                  # the rows of a new update that goes back
"""

from exports.employees.answers import OUTCOMES, Line, Other, Outcome, Receipt, explain, receipt
from exports.employees.cells import Row, person_of, row_from_json, rows_of, text_of
from exports.employees.chain_checks import Node, Tree
from exports.employees.changes import (
    KINDS,
    Change,
    FieldChange,
    Kind,
    changes,
    counts,
    not_in_feed,
    same_as_members,
)
from exports.employees.checking import Checked, check
from exports.employees.fields import FIELDS, Field, Person, members_of, person_from_json
from exports.employees.findings import SEVERITIES, Finding, Severity, Unreadable
from exports.employees.known import Known
from exports.employees.leaving import (
    DEFAULT_NUMBER,
    DEFAULT_SHARE,
    Guard,
    Handover,
    Leaver,
    guard,
    handover_sentence,
    readiness,
)
from exports.employees.mapping import (
    CONFIDENCE,
    ChosenColumn,
    ColumnMapping,
    Placed,
    Suggestion,
    mapped,
    mapping_from_json,
    mapping_of,
    place,
    suggest,
)
from exports.employees.present import STANDINGS, Present, Standing, compare
from exports.employees.reading import read_file, read_pasted
from exports.employees.reverse import Irreversible, Reverse, reverse
from exports.employees.settings import PRIMARY_POLICY, Settings, content_hash, records, settings_from_json
from exports.employees.sheet import MOST_ROWS, Feed, Note, Sheet

__all__ = [
    "CONFIDENCE",
    "DEFAULT_NUMBER",
    "DEFAULT_SHARE",
    "FIELDS",
    "KINDS",
    "MOST_ROWS",
    "OUTCOMES",
    "PRIMARY_POLICY",
    "SEVERITIES",
    "STANDINGS",
    "Change",
    "Checked",
    "ChosenColumn",
    "ColumnMapping",
    "Feed",
    "Field",
    "FieldChange",
    "Finding",
    "Guard",
    "Handover",
    "Irreversible",
    "Kind",
    "Known",
    "Leaver",
    "Line",
    "Node",
    "Note",
    "Other",
    "Outcome",
    "Person",
    "Placed",
    "Present",
    "Receipt",
    "Reverse",
    "Row",
    "Settings",
    "Severity",
    "Sheet",
    "Standing",
    "Suggestion",
    "Tree",
    "Unreadable",
    "changes",
    "check",
    "compare",
    "content_hash",
    "counts",
    "explain",
    "guard",
    "handover_sentence",
    "mapped",
    "mapping_from_json",
    "mapping_of",
    "members_of",
    "not_in_feed",
    "person_from_json",
    "person_of",
    "place",
    "read_file",
    "read_pasted",
    "readiness",
    "receipt",
    "records",
    "reverse",
    "row_from_json",
    "rows_of",
    "same_as_members",
    "settings_from_json",
    "suggest",
    "text_of",
]
