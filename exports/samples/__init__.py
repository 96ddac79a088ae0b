"""Sample data for previews: what a template sees of reports and expenses.

`choose` gives a sample by name: `company`, a month of a small group of companies, or `edges`, everything that
breaks files. `making` builds the reports and expenses of both.
"""
