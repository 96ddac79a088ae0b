"""The column builder: pure functions from a `Layout` to a FreeMarker template and back.

1. `layout` holds the chosen columns, stored as JSON. `choices` lists the fields and formats; `presets` are ready
   layouts.
2. `checking` finds the problems of a layout.
3. `writing` writes the template (`blocks`, `functions`, `literals`), and recognises a template that a layout wrote.
4. `parsing` parses the file into rows.
"""
