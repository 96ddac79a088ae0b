"""Saved exports: their list and form, the editor of their contents, and their versions."""
