"""Find mistakes in a template, each with its position, severity and, if possible, a fix.

`check_template.lint` walks the tree once and calls the other modules, one for each kind of finding.
"""
