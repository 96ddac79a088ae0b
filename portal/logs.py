"""Logs as lines of JSON (or for eyes, in the demo), and errors to Sentry when a DSN is set; neither holds a secret."""

import logging
import logging.config
import re
from typing import Any

import structlog

# The names under which a secret may travel; their values are blanked wherever they turn up.
SECRET_NAMES = re.compile(
    r"(secret|password|passwd|token|authorization|cookie|api_?key|requestjobdescription)", re.I
)
SECRET_VALUES = re.compile(
    r"(partnerUserSecret|partnerUserID|password|feedPassword)([\"'=:%\s2A]+)[^\"'&,}\s%]+", re.I
)
# A path that is a key: who reads it in a log could open what it opens. As a part of another address it is quoted.
TOKENS = re.compile(
    r"((?:/|%2F)(?:[lu]|invitation|password(?:/|%2F)reset(?:/|%2F)key)(?:/|%2F))[\w.~=-]{12,}", re.I
)
ACCESS_TOKENS = re.compile(r"exp_[0-9a-f]{40}")
BLANK = "[removed]"


def blank_secrets(value: Any) -> Any:
    """The same value with everything that carries a secret's name, or looks like one in a text, blanked."""
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
    """What somebody searches for may be a person's name, which is nobody's business here."""
    if isinstance(event.get("request"), str):
        event["request"] = event["request"].partition("?")[0]
    return event


def _blank_line(record: logging.LogRecord) -> bool:
    """For loggers with handlers of their own, whose lines pass by the chain below."""
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
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
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
            # httpx logs every URL at INFO; what was called is in the ApiCall table.
            "loggers": {"httpx": {"level": "WARNING"}, "httpcore": {"level": "WARNING"}},
        }
    )
    # The web server names the request that it could not answer; an operator may have it name every one.
    for name in ("gunicorn.error", "gunicorn.access"):
        logging.getLogger(name).addFilter(_blank_line)


def report_errors_to(dsn: str) -> None:
    """Send unforeseen errors to Sentry: no request bodies, no local variables, no personal data."""
    if dsn:
        # Imported here: tests/test_process_imports.py tells why.
        import sentry_sdk

        sentry_sdk.init(
            dsn,
            max_request_body_size="never",
            include_local_variables=False,
            before_send=_for_sentry,
        )
