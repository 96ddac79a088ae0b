"""A stand-in Integration Server over a made-up company, for demos and tests: `python -m sandbox`.

1. `server` speaks HTTP; `app` applies limits (`windows`) and scripted `faults`, then has the job done.
2. `jobs` does the work over `company`; `state` remembers who called and what was generated.
3. `choices` holds what nobody outside Expensify knows for sure. `control` lets other processes script it.
4. `mailbox` is a mail server that delivers nothing, and a page that shows its mails.
"""
