"""Parcels that shops announce: a service that turns bad input away at the door."""
