"""What the desk refuses, whoever asks and by whatever way: it knows no HTTP."""


class DeskError(Exception):
    """A request that the rules refuse; the message is for people."""


class ParcelNotFoundError(DeskError):
    """Nobody has announced this parcel."""


class AlreadyAnnouncedError(DeskError):
    """This tracking code is taken."""
