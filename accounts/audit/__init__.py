"""The audit log: who did what, in one chain of entries per team that cannot be changed unnoticed.

1. `record` writes an entry in the caller's transaction, chained to the one before by its hash.
2. `search` finds entries by words; `export` writes them as CSV or JSON lines.
3. `anchor` sends the last hash of each chain away once a day; `stream` sends every entry to another machine.
4. `verify` checks the chains, also against anchors. `trim` removes old entries behind a signed summary.
"""
