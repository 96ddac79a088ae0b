"""The deprecated employee updater, which reads CSV."""

import csv
import io

from sandbox.answers import Answer, Refused, ok
from sandbox.jobs.roster import Roster
from sandbox.jobs.values import required_text
from sandbox.state import Request, State, administer

REQUIRED = ("EmployeeEmail", "ManagerEmail", "Admin")


def update_employees_csv(state: State, request: Request) -> Answer:
    """Answer with the new number of members; 500 for a missing column [M]. An empty optional value clears [M]."""
    policy = administer(state, request.pair, required_text(request.settings, "policyID"))
    rows = csv.DictReader(io.StringIO(request.form.get("data", ""), newline=""))
    for column in REQUIRED:
        if column not in (rows.fieldnames or ()):
            raise Refused(500, f"Column {column} not found in CSV header")
    roster = Roster(state.company, request.pair)
    for row in rows:
        email = row["EmployeeEmail"].strip()
        roster.name(email, "", "")
        roster.set(
            email,
            policy.id,
            {"submits_to": row["ManagerEmail"].strip(), "role": "admin" if row["Admin"] == "true" else "user"},
        )
        roster.overwrite(
            email,
            policy.id,
            {
                attribute: (row[column] or "").strip()
                for column, attribute in (
                    ("EmployeeUserId", "user_id"),
                    ("EmployeePayrollId", "payroll_id"),
                    ("ForwardManagerEmail", "forwards_to"),
                )
                if column in row
            },
        )
    roster.commit()
    return ok({"nbEmployees": len(policy.members)})
