"""From vendors' APIs and dropped files to landing files. Imports no scheduler and no database."""

__version__ = "0.1.0"
