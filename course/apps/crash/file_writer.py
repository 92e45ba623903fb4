"""Add one parcel to a JSON file: ``python -m crash.file_writer FILE CODE SIZE PAUSE``.

PAUSE is where to stop for a moment: ``read`` or ``half``.
"""

import json
import sys
from pathlib import Path

from crash.pauses import pause


def add(path: Path, code: str, size: str, wanted: str) -> None:
    """Read all parcels, add one, write all parcels."""
    parcels = json.loads(path.read_text())
    pause("read", wanted)
    parcels[code] = size
    text = json.dumps(parcels)
    # A write can be cut off; two pieces let a lesson stop between them.
    half = len(text) // 2
    with path.open("w") as file:
        file.write(text[:half])
        file.flush()
        pause("half", wanted)
        file.write(text[half:])


if __name__ == "__main__":
    file, code, size, wanted = sys.argv[1:]
    add(Path(file), code, size, wanted)
