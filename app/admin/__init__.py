"""The built-in user interface. Its files are served here; all they know comes from the API."""

from app.admin.pages import routes

__all__ = ["routes"]
