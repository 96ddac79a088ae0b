"""Configure logging (JSON lines, or plain text in the demo) and Sentry, and remove secrets from both."""

import logging
import logging.config
import re
from typing import Any

import structlog

# Values under these names are removed.
SECRET_NAMES = re.compile(r"(secret|password|passwd|token|authorization|cookie|api_?key|requestjobdescription)", re.I)
SECRET_VALUES = re.compile(r"(partnerUserSecret|partnerUserID|password|feedPassword)([\"'=:%\s2A]+)[^\"'&,}\s%]+", re.I)
# Paths with a secret token; %2F when the path is part of another URL.
TOKENS = re.compile(r"((?:/|%2F)(?:[lu]|invitation|password(?:/|%2F)reset(?:/|%2F)key)(?:/|%2F))[\w.~=-]{12,}", re.I)
ACCESS_TOKENS = re.compile(r"exp_[0-9a-f]{40}")
BLANK = "[removed]"


def blank_secrets(value: Any) -> Any:
    """The value without anything that has the name or the form of a secret."""
    if isinstance(value, dict):
        return {
            key: BLANK if isinstance(key, str) and SECRET_NAMES.search(key) else blank_secrets(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [blank_secrets(item) for item in value]
    if isinstance(value, str):
        value = TOKENS.sub(rf"\1{BLANK}", SECRET_VALUES.sub(rf"\1\2{BLANK}", value))
        return ACCESS_TOKENS.sub(BLANK, value)
    return value


def _blank(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    blanked: dict[str, Any] = blank_secrets(event)
    return blanked


def _without_query(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Remove the query string: people search for names of persons."""
    if isinstance(event.get("request"), str):
        event["request"] = event["request"].partition("?")[0]
    return event


def _blank_line(record: logging.LogRecord) -> bool:
    """A filter for loggers with handlers of their own, which bypass the processors."""
    record.msg, record.args = blank_secrets(record.getMessage()), None
    return True


def _for_sentry(event: Any, _hint: Any) -> Any:
    event.get("request", {}).pop("query_string", None)
    return blank_secrets(event)


def configure(*, level: str, as_json: bool) -> None:
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_query,
        _blank,
    ]
    last = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "lines": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
            "root": {"handlers": ["stderr"], "level": level.upper()},
            # httpx logs every URL at INFO; calls are in the ApiCall table.
            "loggers": {"httpx": {"level": "WARNING"}, "httpcore": {"level": "WARNING"}},
        }
    )
    # gunicorn logs the URLs of failed requests, and with an option those of all requests.
    for name in ("gunicorn.error", "gunicorn.access"):
        logging.getLogger(name).addFilter(_blank_line)


def report_errors_to(dsn: str) -> None:
    """Send unexpected errors to Sentry, without request bodies, local variables and personal data."""
    if dsn:
        # Imported here: see tests/test_process_imports.py.
        import sentry_sdk

        sentry_sdk.init(dsn, max_request_body_size="never", include_local_variables=False, before_send=_for_sentry)
