"""Finding the sandbox half of each platform: ``sandbox.py`` in its folder, or a folder ``sandbox`` where
one file would be too long.

A half is loaded by path under a name of its own, so that the platform's client half is not imported with it;
a half that needs another's gateway asks ``half`` for it.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

PLATFORMS = Path(__file__).resolve().parent.parent / "platforms"


def half(platform: str) -> ModuleType:
    """The sandbox half of a platform; ``LookupError`` if its folder has none."""
    full = f"{__name__}.{platform}"
    if full in sys.modules:
        return sys.modules[full]
    path = _file_of(platform)
    if path is None:
        raise LookupError(f"{PLATFORMS / platform} has no sandbox.py and no folder sandbox")
    inside = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(full, path, submodule_search_locations=inside)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded as a module")
    module = sys.modules[full] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def platform_halves() -> dict[str, ModuleType]:
    """Every half by the name of its platform, in the order of the names."""
    names = sorted(path.name for path in PLATFORMS.iterdir() if path.is_dir())
    return {name: half(name) for name in names if _file_of(name) is not None}


def _file_of(platform: str) -> Path | None:
    places = (PLATFORMS / platform / "sandbox.py", PLATFORMS / platform / "sandbox" / "__init__.py")
    return next((place for place in places if place.exists()), None)
