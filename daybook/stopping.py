"""The exception that ends a command early."""


class Stopped(Exception):
    """SIGINT, SIGTERM or SIGHUP arrived. The text is the signal's name."""
