"""The chosen columns that wrote a file: they say more about it than its bytes."""

from exports.columns.layout import Layout, layout_from_json
from exports.models import Result, Run


def layout_of(run: Run) -> Layout | None:
    """The columns that the run's template was made from; None for a hand-written template."""
    version = run.version
    return layout_from_json(version.columns) if version is not None and version.columns else None


def table_of(result: Result) -> Layout | None:
    """The columns of a CSV or its part; None for another file or a hand-written template."""
    return csv_layout_of(result.of_run)


def csv_layout_of(run: Run) -> Layout | None:
    """The columns that the run's template was made from, if it makes a CSV."""
    layout = layout_of(run)
    return layout if layout is not None and layout.kind == "csv" else None
