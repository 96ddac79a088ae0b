"""The form of a saved export: its settings, columns or template, and jobs pasted from elsewhere."""
