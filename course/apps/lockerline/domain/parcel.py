"""A parcel: its size, its state, and the moves between states (rules 1 and 2)."""

import datetime
from dataclasses import dataclass
from enum import StrEnum

from .errors import IllegalMoveError


class Size(StrEnum):
    """Of parcels and of compartments, the smallest first."""

    S = "S"
    M = "M"
    L = "L"

    def fitting(self) -> list["Size"]:
        """Return the sizes of compartment that hold this parcel, the smallest first."""
        sizes = list(Size)
        return sizes[sizes.index(self) :]


class State(StrEnum):
    """Where a parcel is in its life."""

    ANNOUNCED = "announced"
    DEPOSITED = "deposited"
    COLLECTED = "collected"
    EXPIRED = "expired"
    RETURNED = "returned"

    def move(self, wanted: "State") -> "State":
        """Return ``wanted`` if a parcel may go there; else raise IllegalMoveError."""
        if wanted not in _MOVES[self]:
            raise IllegalMoveError(self, wanted)
        return wanted


_MOVES = {
    State.ANNOUNCED: {State.DEPOSITED},
    State.DEPOSITED: {State.COLLECTED, State.EXPIRED},
    State.EXPIRED: {State.RETURNED},
    State.COLLECTED: set(),
    State.RETURNED: set(),
}


@dataclass(frozen=True)
class Parcel:
    """What a shop has announced."""

    tracking_code: str
    size: Size
    shop: str
    recipient: str
    state: State
    announced_at: datetime.datetime
