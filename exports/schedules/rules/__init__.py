"""When a schedule is due: pure functions over days, time zones and holidays, without database or clock.

1. `rule` is the rule as a value, kept as JSON; `Rule.problems` says what is wrong with it. `cron_lines` reads cron.
2. `days` finds the days that a rule names; `working_days` knows weekends and holidays (`countries`, `ics`).
3. `clocks` turns a day and a wall time into an instant, on days when the clocks change too.
4. `occurrences` puts them together: `next_occurrence`, `between`, and `coming` with its notes.
5. `words` says a rule in words; `load` checks whether the calls of what is due fit into the API limit.
"""
