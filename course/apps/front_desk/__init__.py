"""Lockerline's front desk: the small application behind nginx in lesson 6.3."""
