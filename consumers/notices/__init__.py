"""Tells those who are booked or following of the notices that staff publish about an airport or a flight."""
