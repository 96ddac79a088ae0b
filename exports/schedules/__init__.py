"""A schedule: when an export runs by itself, and what happens afterwards.

1. `actions` creates, changes, pauses and resumes schedules. `rules` (pure) computes their due times. `calendar`
   keeps the team's holidays and blackout periods; `forecast` compares the coming weeks with the API limit.
2. `tasks.start_schedules` calls `start_due`: one occurrence for each due time, and its run. `missed` decides what
   becomes of due times that passed during an outage.
3. `tasks.settle_occurrences` calls `finish` when the run has ended: it checks the file, and creates the deliveries.
4. `failures` counts failures in a row, tells people, and pauses a schedule that fails too often.
"""
