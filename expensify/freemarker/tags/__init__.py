"""How each tag is parsed. `opening` maps a tag's name to the function that reads it."""
