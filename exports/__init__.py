"""Everything that the portal asks of Expensify, and what it does with the answers.

1. `saved_exports/` keeps what to ask, as versions; `columns/` writes its template, `samples/` shows it with data.
2. `runs/` makes the calls. `results/` stores the file and reads it for people.
3. `schedules/` starts runs at due times; `deliveries/` mails their files.
4. `employee_updates/` brings people from an HR file into Expensify. `credentials/` checks key pairs every night.
5. `models/` are the tables; `forms/`, `views/` and `api` are for people and scripts.
"""
