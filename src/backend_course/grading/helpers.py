"""Whether the functions that tests call are still those that were imported before the notebook ran.

A canary that breaks the answer cannot tell a helper whose last comparison was patched: it fails at
the first one. But who patches it leaves a trace, another object by the same name.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import chain, starmap, zip_longest
from operator import attrgetter, is_
from types import FunctionType
from typing import Any

_OF_FUNCTIONS = ("__code__", "__defaults__", "__kwdefaults__", "__wrapped__")
_parts_of_function = attrgetter(*_OF_FUNCTIONS[:3])  # `__wrapped__` is in its dictionary
_NOTHING = object()
# What Python itself writes into a class when it is copied, or asked for its annotations.
_CACHES = {"__slotnames__", "__annotations__", "__annotations_cache__"}


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
        self._changed: set[str] = set()
        self._see()

    def look(self) -> None:
        """Keep in mind what stands for something else now, even if it is put back later.

        Where nothing was changed since the last look, this takes a tenth of a millisecond.
        """
        if not all(starmap(is_, zip_longest(self._now(), self._seen, fillvalue=_NOTHING))):
            self._changed |= self._changed_now()
            self._see()

    def changed(self) -> list[str]:
        """The names that stood for something else, or for nothing, at this look or an earlier one.

        A new name in a module does not count, a new member of a class does.
        """
        self.look()
        found = [name for name in self._changed if _inside(name) not in self._changed]
        return sorted(found) + [each for name in self._functions for each in _told_by(name)]

    def _changed_now(self) -> set[str]:
        now = dict(_names(self._packages))
        changed = {name for name, value in self._known.items() if now.get(name) is not value}
        new = now.keys() - self._known.keys()
        return changed | {name for name in new if _inside(name) in self._known}

    def _see(self) -> None:
        values = [value for _, value in _names(self._packages)]
        self._modules = [place for place, _ in _modules(self._packages)]
        classes = [value for value in values if isinstance(value, type)]
        own = [each for each in classes if each.__module__ in self._modules]
        self._of_functions = [value for value in values if isinstance(value, FunctionType)]
        self._namespaces = [vars(each) for each in chain(own, filter(_has_parts, values))]
        self._seen = list(self._now())

    def _now(self) -> Iterator[Any]:
        """What the names stand for, in an order that stays while nothing changes."""
        modules = [sys.modules.get(place) for place in self._modules]
        namespaces = [_namespace(module) for module in modules]
        values = (each.values() for each in chain(namespaces, self._namespaces))
        functions = map(_parts_of_function, self._of_functions)
        return chain(modules, chain.from_iterable(values), chain.from_iterable(functions))


def _told_by(name: str) -> list[str]:
    module, _, function = name.partition(":")
    try:
        return list(getattr(sys.modules[module], function)()) if module in sys.modules else []
    except Exception as error:  # whatever a notebook has put in its place
        return [f"{name} ({type(error).__name__})"]


def _inside(name: str) -> str:
    return name.rpartition(".")[0]


def _modules(packages: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    inside = tuple(f"{package}." for package in packages)
    for place, module in list(sys.modules.items()):
        if module is not None and (place in packages or place.startswith(inside)):
            yield place, module


def _names(packages: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for place, module in _modules(packages):
        for name, value in list(_namespace(module).items()):
            if not name.startswith("__"):
                yield from _parts(f"{place}.{name}", value, place)


def _namespace(module: Any) -> dict[str, Any]:
    return getattr(module, "__dict__", {})  # a notebook may put anything where a module was


def _parts(name: str, value: Any, place: str) -> Iterator[tuple[str, Any]]:
    yield name, value
    if isinstance(value, type):
        if value.__module__ == place:
            for member, each in list(vars(value).items()):
                if member in _CACHES:
                    continue
                yield from _parts(f"{name}.{member}", each, place)
    elif _has_parts(value):
        for part in _OF_FUNCTIONS:
            if (each := getattr(value, part, None)) is not None:
                yield from _parts(f"{name}.{part}", each, place)


def _has_parts(value: Any) -> bool:
    return isinstance(value, FunctionType) or hasattr(value, "cache_clear")
