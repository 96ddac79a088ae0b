"""The sandbox's data: people, policies, cards, reports and expenses, generated from a day and a seed.

`company` builds it from `policies`, `reports` and `expenses`, with the types of `model`; `fields` converts reports to
the data of templates.
"""
