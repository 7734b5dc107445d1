"""The one way a command ends early."""


class Stopped(Exception):
    """SIGINT, SIGTERM or SIGHUP arrived; the text is its name."""
