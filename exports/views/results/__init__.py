"""Stored files: preview, download, and the proof where a file came from."""
