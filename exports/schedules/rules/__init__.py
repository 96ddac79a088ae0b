"""When a schedule is due: pure functions over days, time zones and holidays, without database or clock.

1. `rule` is the rule as a value, stored as JSON; `Rule.problems` validates it. `cron_lines` reads cron lines, and
   `cron_words` describes them.
2. `days` computes the days that a rule selects; `working_days` has weekends and holidays (`countries`, `ics`).
3. `clocks` turns a day and a local time into an instant, also on days when the clocks change.
4. `occurrences` combines them: `next_occurrence`, `between`, and `coming` with notes.
5. `words` describes a rule; `load` checks whether the calls of due runs fit into the API limit.
"""
