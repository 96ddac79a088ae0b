"""The data behind the stand-in: people, policies, cards, reports and expenses, drawn from a day and a seed.

`company` builds it from `policies`, `reports` and `expenses`, with the types of `model`; `fields` shows reports as
templates see them.
"""
