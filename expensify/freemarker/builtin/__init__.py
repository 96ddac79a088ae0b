"""The built-ins of FreeMarker (`x?upper_case`), one module for each kind of value.

`compile` finds the function of a name and compiles its call.
"""
