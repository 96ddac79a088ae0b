"""A stand-in Integration Server over a made-up company, for demos and tests: `python -m sandbox`.

1. `server` speaks HTTP; `app` applies limits (`windows`) and scripted `faults`, then runs the job.
2. `jobs` implements the jobs over `company`; `state` holds key pairs, the log and generated files.
3. `choices` holds behaviour that is not known outside Expensify. `control` lets other processes script the sandbox.
4. `mailbox` is a mail server that delivers nothing, and a page that shows its mails.
"""
