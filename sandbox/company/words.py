"""The vocabulary of the generated data, with odd characters on purpose."""

from decimal import Decimal
from typing import NamedTuple

FIRST_NAMES = (
    "Ada", "Jürgen", "Zoë", "Mei", "Amara", "Søren", "Łukasz", "Grace", "Noor", "Mateo", "Ines", "Björn",
    "Chloé", "Tomás", "Yuki", "Fatima", "Oskar", "Priya", "Liam", "Anaïs", "Kwame", "Elif", "Henrik", "Rosa",
)  # fmt: skip
LAST_NAMES = (
    "Byron", "Müller", "O'Brien", "Chen", "Okafor", "Sørensen", "Kowalski", "Hopper", "van den Berg",
    "García", "Großmann", "Lindström", "Dupont-Moreau", "Çelik", "Tanaka", "al-Rashid", "Novák", "Patel",
    "Smith", "Weiß",
)  # fmt: skip


class Trade(NamedTuple):
    """A kind of spending: category, merchant category code, usual range in cents, and merchants."""

    category: str
    gl_code: str
    mcc: int
    low: int
    high: int
    merchants: tuple[str, ...]


TRADES = (
    Trade("Meals", "6640", 5812, 480, 14900, (
        "Café Central", 'Trattoria "Da Mario"', "Joe's Diner, Pier 39", "Sushi 寿司 Yama",
        "Wirtshaus Zum Löwen", "McDonald&apos;s", "Currywurst 🌭 Express",
    )),
    Trade("Travel: Air", "6650", 4511, 5900, 189000, (
        "Lufthansa", "British Airways", "Air Canada Inc.", "Ryanair, Ltd",
    )),
    Trade("Travel: Rail", "6651", 4112, 1290, 24900, ("DB Bahn", "ÖBB", "Amtrak", "Trenitalia S.p.A.")),
    Trade("Lodging", "6660", 7011, 7900, 64000, (
        "Hotel Zur Post", "Marriott, Chicago", "Premier Inn", "Hôtel de l'Étoile",
    )),
    Trade("Taxi", "6652", 4121, 650, 7800, ("Taxi Nord", "Uber *Trip", "Lyft", "FreeNow")),
    Trade("Fuel", "6530", 5541, 2500, 11900, ("Shell 4711", "Aral", "BP - Baker St, London", "Esso;Station")),
    Trade("Office Supplies", "6815", 5943, 290, 39900, (
        "Staples", "Bürobedarf Müller & Söhne", "Marks &amp; Spencer", "IKEA",
    )),
    Trade("Software", "6835", 5734, 900, 250000, (
        "GitHub, Inc.", "Adobe", "JetBrains s.r.o.", "Cloud Hosting Ltd",
    )),
    Trade("Telephone", "6805", 4814, 1500, 9900, ("Telekom", "Vodafone", 'T-Mobile "Prepaid"')),
    Trade("Client Gifts", "6610", 5947, 1900, 24900, (
        "Blumen Ström", "Fortnum & Mason", "Chocolaterie, Zürich",
    )),
)  # fmt: skip

COMMENTS = (
    "", "", "", "", "", "Dinner with client", "Taxi to airport, no receipt", "Übernachtung München",
    "Line one\nline two, with a comma", 'He said "keep the change"', "Team lunch 🎉🍕",
    "Q3 <planning> & review", "3 &lt; 4 &amp; so on", "Parken + Maut; 2 Tage", "=SUM(A1:A9)", "Windows\r\nline break",
    "  spaces around  ",
)  # fmt: skip

REPORT_TITLES = (
    "Trip to {city}", "{month} expenses", "{city}, {month}", "Kundentermin {city}",
    'Conference "Data & Finance" {city}', "{month} – Büro", "Offsite 🏔 {city}", "Onboarding {month}",
)  # fmt: skip
CITIES = (
    "Berlin", "Wien", "London", "New York", "Zürich", "São Paulo", "Chicago", "Malmö", "Graz", "Manchester",
)  # fmt: skip
ATTENDEES = ("", "", "", "bob@client.example", "bob@client.example, Eva Lang")

RATES_TO_EUR = {
    "EUR": Decimal("1"), "USD": Decimal("0.922"), "GBP": Decimal("1.1706"), "CHF": Decimal("1.0481"),
    "SEK": Decimal("0.0871"), "JPY": Decimal("0.0061"),
}  # fmt: skip
