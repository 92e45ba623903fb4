"""What a shop's own program reads from a statement must stay as it is."""

import unittest

from amounts import owed
from shopletter import letter

ONE_DAY = {"LL0000000018": 73}


class StatementTest(unittest.TestCase):
    """A parcel that stayed a day too long."""

    def test_amount(self):
        """A started day is 1.50."""
        assert sum(amount for _, amount in owed(ONE_DAY)) == 1.5

    def test_last_line(self):
        """The last line ends with the sum, written with a point."""
        assert letter("Tea & Co", owed(ONE_DAY)).endswith(" 1.50 EUR")


if __name__ == "__main__":
    unittest.main()
