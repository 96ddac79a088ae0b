"""A program that reports an error as the portal does, and prints the report instead of sending it."""

# In a process of its own: Sentry hooks into libraries for good once it is set up. Only where reports go is replaced.
REPORTER = """
import sys
import sentry_sdk
from portal import logs
from sentry_sdk.transport import Transport

class Printed(Transport):
    def capture_envelope(self, envelope):
        print(envelope.serialize().decode(errors="replace"))

set_up, sentry_sdk.init = sentry_sdk.init, lambda dsn, **options: set_up(dsn, transport=Printed, **options)
logs.report_errors_to("https://key@sentry.example/1")
secret = sys.stdin.read()
try:
    raise RuntimeError(f"unforeseen, with partnerUserSecret={secret} for exp_" + "0a" * 20)
except RuntimeError as error:
    sentry_sdk.capture_exception(error)
sentry_sdk.flush()
"""
