"""Lesson 8.2: a program that stands on three packages, and the releases of those."""
