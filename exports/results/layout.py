"""The columns that made a file, where somebody chose them: they tell more of it than its bytes do."""

from exports.columns.layout import Layout, layout_from_json
from exports.models import Result, Run


def layout_of(run: Run) -> Layout | None:
    """The columns that wrote the run's template; None when a person did."""
    version = run.version
    return layout_from_json(version.columns) if version is not None and version.columns else None


def table_of(result: Result) -> Layout | None:
    """The columns of a CSV, whole or in part; None for one of somebody's own template."""
    layout = layout_of(result.of_run)
    return layout if layout is not None and layout.kind == "csv" else None
