"""A run: one attempt to read something from Expensify, or to change something there.

1. `actions` starts, cancels and repeats runs. A new run is a row with the status QUEUED.
2. `queue` puts it into the queue of its credential's budget in Redis, and knows its position and expected time.
3. `tasks.take_turn` wakes a worker at the next free instant (`redis_eta`); `queue.take` gives the head its permit.
4. `worker` claims the row, makes one call (`steps`, `report_list`, `employee_steps`) with the credentials that
   `key_pair` chooses, records it (`recorded_client`) and moves the run on. An unfinished run queues again.
5. `timeline` and `failure_messages` show people what happened; `budget_usage` and `calls_per_day` show the API
   limit.
6. `tasks.sweep` finds runs whose wake-up was lost; `heartbeat` shows that workers are alive. `generation_time`
   learns how long files take, so that no call asks too early.
"""
