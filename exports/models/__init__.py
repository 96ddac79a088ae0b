from exports.models.employee_update import EmployeeUpdate, FeedProfile
from exports.models.result import Result
from exports.models.run import FINAL, IN_FLIGHT, RESTING, ApiCall, Run
from exports.models.saved_export import ExportVersion, SavedExport

__all__ = [
    "FINAL",
    "IN_FLIGHT",
    "RESTING",
    "ApiCall",
    "EmployeeUpdate",
    "ExportVersion",
    "FeedProfile",
    "Result",
    "Run",
    "SavedExport",
]
