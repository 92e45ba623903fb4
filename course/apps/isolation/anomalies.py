"""What can go wrong between two sessions, played at any isolation level.

Each function takes two sessions on the tables of ``wall.sql`` and an isolation level,
plays the same steps in the same order, and tells whether harm was done.
"""

from backend_course.lab.sessions import Session

LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")

FREE = "SELECT count(*) FROM compartments WHERE parcel IS NULL"
LARGE = "SELECT count(*) FROM compartments WHERE size = 'L' AND in_service"
OCCUPANT = "SELECT parcel FROM compartments WHERE number = 7"
OCCUPY = "UPDATE compartments SET parcel = %s WHERE number = 7"
TAKE_OUT = "UPDATE compartments SET in_service = false WHERE number = %s"


def non_repeatable_read(anna: Session, ben: Session, level: str) -> bool:
    """Tell whether Ben, who counts twice in one transaction, gets two answers."""
    begin(level, ben)
    first = value(ben, FREE)
    anna(OCCUPY, ["A"])
    second = value(ben, FREE)
    ben("COMMIT")
    return first != second


def lost_update(anna: Session, ben: Session, level: str) -> bool:
    """Tell whether Ben, who saw the compartment free, writes over Anna's parcel."""
    begin(level, anna, ben)
    for session in (anna, ben):
        session(OCCUPANT)
    anna(OCCUPY, ["A"])
    anna("COMMIT")
    ben(OCCUPY, ["B"])
    ben("COMMIT")
    return value(ben, OCCUPANT) == "B"


def write_skew(anna: Session, ben: Session, level: str) -> bool:
    """Tell whether each takes out one of two large compartments, and none is left."""
    begin(level, anna, ben)
    for session in (anna, ben):
        session(LARGE)
    anna(TAKE_OUT, [8])
    ben(TAKE_OUT, [9])
    anna("COMMIT")
    ben("COMMIT")
    return value(ben, LARGE) == 0


def double_claim(anna: Session, ben: Session, level: str) -> bool:
    """Tell whether both get a compartment by one UPDATE that asks if it is free."""
    claim = OCCUPY + " AND parcel IS NULL"
    begin(level, anna, ben)
    anna(claim, ["A"])
    ben(claim, ["B"])
    anna("COMMIT")
    if ben.waiting:
        ben.outcome()
    ben("COMMIT")
    return value(ben, OCCUPANT) == "B"


def begin(level: str, *sessions: Session) -> None:
    """Begin a transaction of that level in each session."""
    for session in sessions:
        session(f"BEGIN ISOLATION LEVEL {level}")


def value(session: Session, query: str) -> object:
    """Return the one value that a query gives."""
    session(query)
    return session.result[0][0]
