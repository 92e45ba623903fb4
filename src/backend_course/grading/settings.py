"""Whether what a course sets for grading is there: a misspelt setting would be obeyed by nobody."""

import difflib
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from typing import Any

from traitlets.config import Config, Configurable

from .execute import WalledExecute
from .provisioner import WalledProvisioner

_OURS: dict[str, type[Configurable]] = {
    each.__name__: each for each in (WalledExecute, WalledProvisioner)
}
_NAMING_MODULES = ("helpers", "modules", "warm_up")


def wrong_settings(config: Config) -> list[str]:
    """What is wrong with `c.WalledExecute` and `c.WalledProvisioner`, a line for each."""
    lines = [line for name in _OURS for line in _unknown(_OURS[name], config.get(name, {}))]
    provisioner = values_of(config, WalledProvisioner.__name__)
    for setting in _NAMING_MODULES:
        for name in provisioner.get(setting, ()):
            module = name.partition(":")[0]
            if not _exists(module):
                lines.append(
                    f"c.{WalledProvisioner.__name__}.{setting} names {module!r}, and there is no "
                    "such module in this environment."
                )
    return lines


def values_of(config: Config, section: str) -> dict[str, Any]:
    """The values that a course sets in one section; ours as they are taken.

    So they hold what ``c.WalledProvisioner.modules.append("numpy")`` adds to the default, too.
    """
    values = dict(config.get(section, {}))
    if section not in _OURS:
        return values
    taken = _OURS[section](config=config)
    return {n: getattr(taken, n) if taken.has_trait(n) else v for n, v in values.items()}


def _unknown(kind: type[Configurable], values: dict[str, Any]) -> Iterator[str]:
    known = kind.class_trait_names(config=True)
    for name in values:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            yield f"c.{kind.__name__}.{name} is no setting.{meant}"


def _exists(module: str) -> bool:
    """Whether a module can be found, without importing it or what it lies in."""
    if module in sys.builtin_module_names or module in sys.modules:
        return True
    path = None
    *packages, last = module.split(".")
    for part in packages:
        spec = PathFinder.find_spec(part, path)
        if spec is None or spec.submodule_search_locations is None:
            return False
        path = list(spec.submodule_search_locations)
    return PathFinder.find_spec(last, path) is not None
