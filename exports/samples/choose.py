"""Data to try templates on: what a template sees of a small company, and of everything that breaks files.

Plain data, always the same: no clock and no chance. A value that does not exist is absent or "", as it seems to be
on the server [O/I].
"""

from copy import deepcopy
from typing import Any

from exports.samples import company, edges

SAMPLES = {
    "company": ("A sample company", company.reports),
    "edges": ("Edge cases", edges.reports),
}
"""By key: the name for people, and what makes the reports."""


def sample(name: str) -> dict[str, Any]:
    """The data of a template: `{"reports": [...], "addHeader": True}`, the caller's own to change.

    Raises KeyError for a name that is not in `SAMPLES`.
    """
    return {"reports": deepcopy(SAMPLES[name][1]()), "addHeader": True}
