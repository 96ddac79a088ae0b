"""FreeMarker, the template language of Expensify's exports, without Java.

1. `template.parse` reads a text with `lexer`, `parser` and `expressions` into a `tree`, with positions.
2. `template.render` compiles the tree to closures (`execute`, `evaluate`, `builtin`, `tags`) and runs them in a
   `runtime.Environment` with limits.
3. `lint` finds mistakes before a call is made. `catalogue` lists every known field.
4. `errors` is the family of errors, each with its position in the text.
"""
