"""What is wrong with a template, each with its place, its severity and if possible a fix.

`check_template.lint` walks the tree once and asks the other modules, one for each kind of finding.
"""
