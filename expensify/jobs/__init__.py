"""Job descriptions of the Integration Server as typed values, each with its exact JSON.

`export` is the report exporter, `employees` the advanced employee updater, `reads` the jobs that only read.
"""
