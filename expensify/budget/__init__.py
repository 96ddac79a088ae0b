"""The call budget: all calls of one key pair, from every worker, within Expensify's limits.

1. `limits` holds the published windows and the guard for jitter.
2. `budget` is the queue and the permits of one key pair, kept in Redis; each change is one run of the Lua scripts
   (`limit.lua` holds the limit, `queue.lua` orders the queue, `operations.lua` calls both).
3. `permit` is the right to make one call now. The client sends nothing without one, and reports the outcome.
4. `wire` sends the scripts to Redis and reads their answers.
"""
