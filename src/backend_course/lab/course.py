"""Where the course's folders are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
"""The clone: the package is installed from it, editable, and works on its folders."""
