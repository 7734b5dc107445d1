"""The outside world → landing files. Imports no scheduler and no database (design §1)."""

__version__ = "0.1.0"
