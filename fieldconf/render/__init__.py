"""Rendering: a report's plain dict as text for a terminal, or as a page."""
