"""Schedules: their list and form, the calendar of holidays and blackouts, and one due time with its mails."""
