"""The Integration Server's API, without Django: the client, the call budget, and the language of its templates.

1. `jobs/` describes each request; `wire` sends it, `client` makes one call and `answers` reads what came back.
2. `budget/` says when the next call of a key pair may go out; the client sends nothing without its permit.
3. `freemarker/` renders and checks templates as Expensify does.
"""
