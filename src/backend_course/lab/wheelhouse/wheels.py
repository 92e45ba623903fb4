"""Make wheels: packages as pip installs them, the same bytes on every machine.

A wheel is a zip file with the modules, and a folder of facts about them: METADATA
(name, version, requirements), WHEEL (for which Pythons it is), RECORD (hashes of its
files). The Python Packaging User Guide describes it as "Binary distribution format".
"""

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip file can hold
_UNIX = 3
_TAG = "py3-none-any"
_WHEEL = f"""\
Wheel-Version: 1.0
Generator: wheelhouse
Root-Is-Purelib: true
Tag: {_TAG}
"""


@dataclass(frozen=True)
class Release:
    """One version of a package.

    * ``name``, ``version``: as in ``feesheet`` and ``1.4.0``.
    * ``requires``: requirements of other packages, such as ``centwise>=1,<2``.
    * ``files``: the text of each file by its name, such as ``feesheet.py``.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """Name and version as file names begin: a dash only between the two."""
        return f"{re.sub(r'[-_.]+', '_', self.name).lower()}-{self.version}"

    @property
    def file_name(self) -> str:
        """The name of the wheel."""
        return f"{self.stem}-{_TAG}.whl"


def write(folder: Path, releases: Iterable[Release]) -> None:
    """Write the wheels of releases into a folder, which is made if there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    for release in releases:
        _write(release, folder / release.file_name)


def _write(release: Release, path: Path) -> None:
    info = f"{release.stem}.dist-info"
    facts = {f"{info}/METADATA": _metadata(release), f"{info}/WHEEL": _WHEEL}
    files = {name: text.encode() for name, text in (release.files | facts).items()}
    record = [f"{name},sha256={_digest(it)},{len(it)}" for name, it in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            # Another version of a compressor gives other bytes.
            entry.compress_type = zipfile.ZIP_STORED
            entry.create_system = _UNIX
            entry.external_attr = 0o644 << 16
            wheel.writestr(entry, content)


def _metadata(release: Release) -> str:
    name = f"Name: {release.name}"
    lines = ["Metadata-Version: 2.1", name, f"Version: {release.version}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in release.requires]
    return "\n".join([*lines, ""])


def _digest(content: bytes) -> str:
    digest = hashlib.sha256(content).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
