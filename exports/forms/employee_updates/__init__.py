"""The forms of an employee update: its settings, the columns of a file, and the table of rows."""
