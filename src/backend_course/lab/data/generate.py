"""Simulate Lockerline day by day: parcels announced, deposited, collected or expired, and reported.

Only ``Random.random()`` is drawn: it is the one method whose sequence Python promises to keep for a
seed (documentation of the module ``random``, "Notes on Reproducibility").
"""

import datetime
import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import TypeVar

from backend_course.lab.data.rules import EXPIRY, SIZES, storage_fee, tracking_code

SEED = 2026
SITES = 12
DAYS = 92
START = datetime.datetime(2025, 10, 1)
"""The first day, UTC. 92 days hold the end of summer time (26 October) and the December peak."""

Item = TypeVar("Item")

# name, city, IANA time zone, how busy it is (1 is the average)
PLACES = (
    ("Central Station", "Lisbon", "Europe/Lisbon", 1.6),
    ("Market Hall", "Lisbon", "Europe/Lisbon", 1.1),
    ("River Park", "Lisbon", "Europe/Lisbon", 0.6),
    ("Old Port", "Ghent", "Europe/Brussels", 1.0),
    ("Campus North", "Ghent", "Europe/Brussels", 1.3),
    ("Tram Depot", "Leipzig", "Europe/Berlin", 1.2),
    ("Opera Square", "Leipzig", "Europe/Berlin", 0.8),
    ("Shopping Arcade", "Brno", "Europe/Prague", 1.4),
    ("Library", "Brno", "Europe/Prague", 0.7),
    ("Harbour Gate", "Turku", "Europe/Helsinki", 0.9),
    ("Hillside", "Turku", "Europe/Helsinki", 0.4),
    ("Airport", "Gdansk", "Europe/Warsaw", 0.0),
)
SHOPS = (
    "Paper Lantern Books", "Tin Whistle Toys", "Northwind Garden", "Copper Kettle", "Loom & Thread",
    "Second Gear Bikes", "Blue Door Records", "Salt & Cedar", "Quiet Clock", "Pixel Parts",
    "Green Bottle", "Moss & Stone", "Early Bird Coffee", "Long Shelf",
)  # fmt: skip
FIRST_NAMES = (
    "Ada", "Bela", "Caio", "Dana", "Emil", "Fatima", "Goran", "Hana", "Ines", "Jonas", "Katri",
    "Luis", "Mira", "Nuno", "Olga", "Pavel", "Rita", "Sami", "Tea", "Viktor",
)  # fmt: skip
INITIALS = "BDFGHKLMNPRSTVW"
COMPARTMENTS = "SSSSSSMMMML"
"""Sizes of one site's compartments, by number."""


@dataclass
class Lockerline:
    """All rows, one list of tuples for each table, in the order of the tables' columns."""

    sites: list[tuple] = field(default_factory=list)
    compartments: list[tuple] = field(default_factory=list)
    shops: list[tuple] = field(default_factory=list)
    couriers: list[tuple] = field(default_factory=list)
    recipients: list[tuple] = field(default_factory=list)
    parcels: list[tuple] = field(default_factory=list)
    stays: list[tuple] = field(default_factory=list)
    events: list[tuple] = field(default_factory=list)


def make(seed: int = SEED, sites: int = SITES, days: int = DAYS) -> Lockerline:
    """Generate Lockerline's rows.

    Args:
        seed: another seed gives other rows of the same kind.
        sites: how many sites, at least 1; the twelfth is built but not yet used by anybody.
        days: how many days are simulated, from 1 October 2025 (UTC).

    Returns:
        The rows; the same for the same arguments, on every machine and Python.

    Raises:
        ValueError: fewer than one site or one day.
    """
    if sites < 1 or days < 1:
        raise ValueError(f"Lockerline needs at least 1 site and 1 day, not {sites} and {days}.")
    return _Simulation(seed, sites, days).run()


class _Simulation:
    """The state of one run: what is free, what will leave when, and the rows so far."""

    def __init__(self, seed: int, sites: int, days: int) -> None:
        self.random = Random(seed)
        self.days = days
        self.end = START + datetime.timedelta(days=days)
        self.rows = Lockerline()
        self.leaving: list[tuple] = []
        self.sequences = [0] * sites
        self._make_sites(sites)
        self._make_people()

    def run(self) -> Lockerline:
        arrivals = [arrival for day in range(self.days) for arrival in self._arrivals(day)]
        for deposited_at, site in sorted(arrivals):
            self._release_until(deposited_at)
            self._announce_and_deposit(deposited_at, site)
        self._release_until(self.end)
        self._announce_only(len(self.rows.parcels) // 40 + 1)
        self.rows.parcels.sort()
        self._add_dirt_to_events()
        return self.rows

    # what the simulation draws

    def _below(self, limit: int) -> int:
        return int(self.random.random() * limit)

    def _pick(self, items: Sequence[Item]) -> Item:
        return items[self._below(len(items))]

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _hours(self, shortest: float, longest: float) -> datetime.timedelta:
        hours = shortest + (longest - shortest) * self.random.random()
        return datetime.timedelta(minutes=round(hours * 60))

    # the world before the first parcel

    def _make_sites(self, count: int) -> None:
        self.busyness = []
        self.free = []
        for index in range(count):
            name, city, time_zone, busyness = PLACES[index % len(PLACES)]
            if index >= len(PLACES):
                name = f"{name} {index // len(PLACES) + 1}"
            opened_on = START.date() - datetime.timedelta(days=self._below(700) + 30)
            if busyness == 0:
                opened_on = self.end.date() - datetime.timedelta(days=3)
            self.rows.sites.append((index + 1, name, city, time_zone, opened_on))
            self.busyness.append(busyness)
            self.free.append(set())
            for number, size in enumerate(COMPARTMENTS, start=1):
                in_service = not self._chance(0.06)
                self.rows.compartments.append((index + 1, number, size, in_service))
                if in_service:
                    self.free[index].add(number)

    def _make_people(self) -> None:
        for index, name in enumerate(SHOPS, start=1):
            has_webhook = self._chance(0.7)
            url = f"https://shop-{index:02d}.example/lockerline" if has_webhook else None
            self.rows.shops.append((index, name, url))
        for index in range(1, 19):
            trained_by = None if index <= 2 else 1 + self._below(min(index - 1, 12))
            hired_on = START.date() - datetime.timedelta(days=900 - 40 * index + self._below(30))
            self.rows.couriers.append((index, f"C-{index:02d}", hired_on, trained_by))
        for index in range(1, 401):
            name = f"{self._pick(FIRST_NAMES)} {self._pick(INITIALS)}."
            email = None if self._chance(0.15) else f"recipient{index}@mail.example"
            phone = None if self._chance(0.4) else f"+000 {100_000 + self._below(900_000)}"
            self.rows.recipients.append((index, name, email, phone))

    # one parcel after the other

    def _arrivals(self, day: int) -> list[tuple[datetime.datetime, int]]:
        date = START + datetime.timedelta(days=day)
        season = 1.9 if date.month == 12 and 5 <= date.day <= 23 else 1.0
        weekday = 0.35 if date.weekday() == 6 else 1.0
        arrivals = []
        for site, busyness in enumerate(self.busyness):
            expected = 1.9 * busyness * season * weekday
            count = int(expected) + self._chance(expected % 1)
            arrivals += [(date + self._hours(6, 18), site) for _ in range(count)]
        return arrivals

    def _new_parcel(self, size: str) -> list:
        number = len(self.rows.parcels) * 7919 + 104_729
        shop = 1 + min(self._below(len(SHOPS) - 1), self._below(len(SHOPS) - 1))
        recipient = 1 + self._below(380)
        weight = None if self._chance(0.08) else 120 + self._below(400 + 4000 * SIZES.index(size))
        value = None if self._chance(0.2) else Decimal(499 + self._below(25_000)) / 100
        return [tracking_code(number), shop, recipient, size, weight, value]

    def _announce_and_deposit(self, deposited_at: datetime.datetime, site: int) -> None:
        size = self._pick("SSSSSMMML")
        parcel = self._new_parcel(size)
        announced_at = deposited_at - self._hours(5, 60)
        compartment = self._smallest_free(site, size)
        if compartment is None:
            self.rows.parcels.append((*parcel, announced_at, "announced"))
            return
        self.free[site].remove(compartment)
        courier = 1 + (site * 2 + self._below(3)) % (len(self.rows.couriers) - 1)
        index = len(self.rows.parcels)
        self.rows.parcels.append((*parcel, announced_at, "deposited"))
        stay = (len(self.rows.stays) + 1, parcel[0], site + 1, compartment, courier)
        self.rows.stays.append((*stay, deposited_at, deposited_at + EXPIRY, None, None))
        self._report(site, "deposited", deposited_at, parcel[0])
        heapq.heappush(self.leaving, (*self._departure(deposited_at), index, stay[0] - 1))

    def _smallest_free(self, site: int, size: str) -> int | None:
        fitting = SIZES[SIZES.index(size) :]
        numbers = [n for n in self.free[site] if COMPARTMENTS[n - 1] in fitting]
        return min(numbers, key=lambda n: (SIZES.index(COMPARTMENTS[n - 1]), n), default=None)

    def _departure(self, deposited_at: datetime.datetime) -> tuple[datetime.datetime, str]:
        luck = self.random.random()
        if luck < 0.04:
            return deposited_at + EXPIRY + self._hours(24, 200), "returned"
        if luck < 0.13:
            return deposited_at + self._hours(72, 238), "collected"
        return deposited_at + self._hours(1, 72), "collected"

    def _release_until(self, moment: datetime.datetime) -> None:
        while self.leaving and self.leaving[0][0] <= moment:
            left_at, state, parcel_index, stay_index = heapq.heappop(self.leaving)
            stay = self.rows.stays[stay_index]
            fee = storage_fee(left_at - stay[5]) if state == "collected" else None
            self.rows.stays[stay_index] = (*stay[:7], left_at, fee)
            parcel = self.rows.parcels[parcel_index]
            self.rows.parcels[parcel_index] = (*parcel[:7], state)
            self.free[stay[2] - 1].add(stay[3])
            if self._chance(0.07):
                self._report(stay[2] - 1, "wrong_code", left_at - self._hours(0, 0.2), stay[1])
            self._report(stay[2] - 1, state, left_at, stay[1])
        if moment == self.end:
            self._mark_expired()

    def _mark_expired(self) -> None:
        for _, state, parcel_index, stay_index in self.leaving:
            if state == "returned" and self.rows.stays[stay_index][6] <= self.end:
                parcel = self.rows.parcels[parcel_index]
                self.rows.parcels[parcel_index] = (*parcel[:7], "expired")

    def _announce_only(self, count: int) -> None:
        for _ in range(count):
            announced_at = self.end - self._hours(1, 48)
            parcel = self._new_parcel(self._pick(SIZES))
            self.rows.parcels.append((*parcel, announced_at, "announced"))

    # what the devices say

    def _report(self, site: int, kind: str, at: datetime.datetime, code: str) -> None:
        self.sequences[site] += 1
        delay = self._hours(6, 30) if self._chance(0.04) else datetime.timedelta(seconds=3)
        device = f"wall-{site + 1:02d}"
        self.rows.events.append((device, self.sequences[site], kind, at, at + delay, code))

    def _add_dirt_to_events(self) -> None:
        """Send some events twice, and put all into the order in which they were received."""
        again = [
            (*event[:4], event[4] + self._hours(0.1, 5), event[5])
            for event in self.rows.events
            if self._chance(0.03)
        ]
        self.rows.events = sorted(self.rows.events + again, key=lambda e: (e[4], e[0], e[1]))
