"""Sample data for previews: reports and expenses as templates see them.

`choose` returns a sample by name: `company`, a month of a small group of companies, or `edges`, everything that breaks
files. `making` builds the reports and expenses of both.
"""
