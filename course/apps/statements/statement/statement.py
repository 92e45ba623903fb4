"""Print what a shop owes for parcels that stayed too long."""

from amounts import owed
from shopletter import letter

STAYS = {"LL0000000018": 73, "LL0000000026": 30, "LL0000000034": 130}

if __name__ == "__main__":
    print(letter("Tea & Co", owed(STAYS)))
