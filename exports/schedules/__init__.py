"""A schedule runs an export automatically, and mails the result.

1. `actions` creates, changes, pauses and resumes schedules. `rules` (pure) computes their due times. `calendar`
   keeps the team's holidays and blackout periods; `forecast` compares the coming weeks with the API limit.
2. `tasks.start_schedules` calls `start_due`: one occurrence for each due time, and its run. `missed` decides what
   happens to due times that passed during an outage.
3. `tasks.settle_occurrences` calls `finish` when the run has ended: it checks the file, and creates the deliveries.
4. `failures` counts consecutive failures, notifies people, and pauses a schedule that fails too often.
"""
