"""A message as its channel shows it: an HTML page that is as wide as a phone, and needs nothing from outside."""

from cli.previews.page import FORMS, Shown, page

__all__ = ["FORMS", "Shown", "page"]
