"""Whether the functions that tests call are still those that were imported before the notebook ran.

A canary that breaks the answer cannot tell a helper whose last comparison was patched: it fails at
the first one. But who patches it leaves a trace, another object by the same name.
"""

import sys
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Any

_OF_FUNCTIONS = ("__code__", "__defaults__", "__kwdefaults__", "__wrapped__")


class Helpers:
    """What the names in packages and modules stand for, in this process and at this time.

    `watched` are packages and modules by name, and functions as "module:function" that take nothing
    and return the names of what else was changed.
    """

    def __init__(self, watched: Iterable[str]) -> None:
        watched = list(watched)
        self._functions = [name for name in watched if ":" in name]
        self._packages = tuple(name for name in watched if ":" not in name)
        self._known = dict(_names(self._packages))

    def changed(self) -> list[str]:
        """The names that stand for something else now, or for nothing.

        A new name in a module does not count, a new member of a class does.
        """
        now = dict(_names(self._packages))
        changed = {name for name, value in self._known.items() if now.get(name) is not value}
        new = now.keys() - self._known.keys()
        changed |= {name for name in new if _inside(name) in self._known}
        found = [name for name in changed if _inside(name) not in changed]
        return sorted(found) + [each for name in self._functions for each in _told_by(name)]


def _told_by(name: str) -> list[str]:
    module, _, function = name.partition(":")
    try:
        return list(getattr(sys.modules[module], function)()) if module in sys.modules else []
    except Exception as error:  # whatever a notebook has put in its place
        return [f"{name} ({type(error).__name__})"]


def _inside(name: str) -> str:
    return name.rpartition(".")[0]


def _names(packages: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    inside = tuple(f"{package}." for package in packages)
    for place, module in list(sys.modules.items()):
        if module is not None and (place in packages or place.startswith(inside)):
            for name, value in list(vars(module).items()):
                if not name.startswith("__"):
                    yield from _parts(f"{place}.{name}", value, place)


def _parts(name: str, value: Any, place: str) -> Iterator[tuple[str, Any]]:
    yield name, value
    if isinstance(value, type):
        if value.__module__ == place:
            for member, each in list(vars(value).items()):
                yield from _parts(f"{name}.{member}", each, place)
    elif isinstance(value, FunctionType) or hasattr(value, "cache_clear"):
        for part in _OF_FUNCTIONS:
            if (each := getattr(value, part, None)) is not None:
                yield from _parts(f"{name}.{part}", each, place)
