"""Tables of the exports app."""

from exports.models.delivery import Delivery, Link, LinkOpening, Recipient
from exports.models.departure import Departure
from exports.models.employee_update import EmployeeUpdate, FeedProfile
from exports.models.result import Result
from exports.models.run import FINAL, IN_FLIGHT, RESTING, ApiCall, Run
from exports.models.saved_export import ExportVersion, SavedExport
from exports.models.schedule import Freeze, Holiday, Occurrence, Schedule
