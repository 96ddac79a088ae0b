"""The portal's settings for workers whose calls a test counts against the limits, on a machine of any speed.

A permit is good for half a second in production, and a call that arrives a second later than that may be one too many.
A busy machine takes longer now and then, so tests allow for UNANSWERED_SECONDS from a permit to the call's arrival.
"""

import os
from dataclasses import replace

from portal.settings import *  # noqa: F403

EXPENSIFY_LIMITS = replace(
    EXPENSIFY_LIMITS,  # noqa: F405
    unanswered=float(os.environ.get("UNANSWERED_SECONDS", "15")),
)
