"""Sample data by name: a small company, and everything that breaks files.

Deterministic plain data. A missing value is absent or "", as it seems to be on the server [O/I].
"""

from copy import deepcopy
from typing import Any

from exports.samples import company, edges

SAMPLES = {"company": ("A sample company", company.reports), "edges": ("Edge cases", edges.reports)}
"""By key: the name for people, and the function that makes the reports."""


def sample(name: str) -> dict[str, Any]:
    """A copy of a sample as a template's data: `{"reports": [...], "addHeader": True}`.

    Raises KeyError for a name that is not in `SAMPLES`.
    """
    return {"reports": deepcopy(SAMPLES[name][1]()), "addHeader": True}
