"""The sandbox: a pretend world behind pretend vendors, written from their documents and apart from the
clients.

``running()`` serves it for the length of a block; ``python -m extractors.sandbox`` serves it until
interrupted. A platform joins by its folder: ``../platforms/<p>/sandbox.py`` (or a folder ``sandbox``)
offers ``routes(desk)`` and ``truth(...)``, the keys that a complete read must contain (see ``truth.py``).
"""

from .credentials import connections
from .server import Running, Sandbox, SandboxError, running

__all__ = ["Running", "Sandbox", "SandboxError", "connections", "running"]
