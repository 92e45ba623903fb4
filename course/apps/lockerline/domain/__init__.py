"""The rules of Lockerline: pure Python that knows no database, no HTTP and no clock."""
