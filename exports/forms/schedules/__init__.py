"""The forms of a schedule: when it runs, what its mails hold, and the calendar."""
