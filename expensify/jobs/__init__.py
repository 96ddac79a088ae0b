"""Job descriptions as typed values, and the exact JSON the Integration Server expects of each."""

from expensify.jobs.employees import EmployeeUpdate, FeedSftp, FeedUrl
from expensify.jobs.export import (
    FILE_EXTENSIONS,
    REPORT_STATES,
    EmailAction,
    MarkAsExported,
    OnFinish,
    Problem,
    ReportExport,
    SftpUpload,
)
from expensify.jobs.reads import POLICY_FIELDS, FileDownload, PolicyGet, PolicyList

__all__ = [
    "FILE_EXTENSIONS",
    "POLICY_FIELDS",
    "REPORT_STATES",
    "EmailAction",
    "EmployeeUpdate",
    "FeedSftp",
    "FeedUrl",
    "FileDownload",
    "MarkAsExported",
    "OnFinish",
    "PolicyGet",
    "PolicyList",
    "Problem",
    "ReportExport",
    "SftpUpload",
]
