"""Chosen columns as a template: pure functions, from a `Layout` to FreeMarker and back.

1. `layout` is what a person chose, kept as JSON. `choices` lists what can be in a column; `presets` are ready
   layouts.
2. `checking` says what is wrong with a layout.
3. `writing` writes the template (`blocks`, `functions`, `literals`), and recognises a template that a layout wrote.
4. `values` computes the same file without a template, to compare.
"""
