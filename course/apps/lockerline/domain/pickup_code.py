"""Pickup codes: six digits that open one compartment once."""

import hashlib
import hmac
from dataclasses import dataclass, field

DIGITS = 6


@dataclass(frozen=True)
class PickupCodes:
    """Issues and checks codes with a secret key that lives outside the database.

    There are only a million codes. Whoever has a table of plain hashes, however slow,
    tries them all; without the key of an HMAC there is nothing to try.

    A code is derived from its parcel rather than drawn. A courier who repeats a deposit
    after a lost reply must be told the same code, and nobody may have kept it for that.
    """

    key: bytes = field(repr=False)

    def issue(self, tracking_code: str) -> str:
        """Return the code of a parcel, the same at each call."""
        number = int.from_bytes(self._mac("issue", tracking_code))
        return f"{number % 10**DIGITS:0{DIGITS}d}"

    def digest(self, tracking_code: str, code: str) -> bytes:
        """Return what is stored: 32 bytes that confirm a code and do not tell it."""
        return self._mac("check", tracking_code, code)

    def matches(self, tracking_code: str, code: str, digest: bytes) -> bool:
        """Tell whether ``code`` is the one of ``digest``, in the same time for each."""
        return hmac.compare_digest(self.digest(tracking_code, code), digest)

    def _mac(self, *parts: str) -> bytes:
        return hmac.digest(self.key, ":".join(parts).encode(), hashlib.sha256)
