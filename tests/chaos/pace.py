"""How much faster than in production everything goes here; the one place with such numbers. Times in seconds."""

from sandbox.choices import Choices

# Ten times faster than Expensify: 5 calls in 1 s, 20 in 6 s.
CHOICES = Choices().faster(10)
# How long a call waits for its answer, and after which time its worker counts as gone. Answers come within
# milliseconds, but the machine may be busy; the longer it is, the less the rules can tell what was whose fault.
ANSWER = 4.0
STUCK = 2 * ANSWER + 1
RETRY = 0.2
SWEEP = 0.3
# A mail's server has this long for each word; after so many seconds a mail's sender counts as gone.
MAIL_ANSWER = 4.0
MAIL_STUCK = 5 * MAIL_ANSWER
# What a worker gets that was told to stop and has an excuse: a whole call, and the beginning and end of a process.
GRACE = 3 * ANSWER + 6

ENVIRONMENT = {
    "EXPENSIFY_LIMITS": ",".join(f"{calls}/{seconds:g}s" for calls, seconds in CHOICES.limits),
    "EXPENSIFY_ANSWER_SECONDS": str(ANSWER),
    "STUCK_AFTER_SECONDS": str(STUCK),
    "RETRY_SECONDS": str(RETRY),
    "SWEEP_SECONDS": str(SWEEP),
    "MAIL_ANSWER_SECONDS": str(MAIL_ANSWER),
    "MAIL_STUCK_SECONDS": str(MAIL_STUCK),
    "MAIL_RETRY_SECONDS": "0.3",
    "MAIL_ATTEMPTS": "200",
}
