"""Lockerline as a service: parcels, lockers, pickup codes. Start at ``main.py``."""
