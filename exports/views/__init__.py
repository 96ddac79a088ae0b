"""The pages, in folders named like the packages they show. Each change is one call of an action there.

`home` is the first page of a team, `api` describes the API for scripts and answers it.
"""
