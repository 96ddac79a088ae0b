"""What is imported inside the functions that use it: `tests/test_process_imports.py` tells why."""

LATE = {
    "boto3",  # S3 storage
    "botocore",
    "holidays",  # national calendars
    "httpx",  # the calls of workers, and webhooks
    "idna",  # hosts with other letters than ASCII
    "icalendar",  # imported calendar files
    "openpyxl",  # uploaded workbooks; the sandbox writes some
    "pypdfium2",  # previews of PDFs
    "redis",
    "requests",  # allauth's OpenID Connect
    "sentry_sdk",
    "stream_zip",  # ZIPs with a password
    "allauth.socialaccount.providers",
}
# Our own modules that exist for a package above, or for ninja and pydantic.
LATE_MODULES = {"accounts.sso.adapter", "exports.api", "exports.employee_updates.feed.workbook"}
# Our own modules that need the models, for a module that is imported before them.
AFTER_MODELS = {"accounts.credentials.key_check"}
