"""The national calendars there are, by names that people know."""

from functools import lru_cache

from exports.schedules.rules.working_days import is_known

SMALL_WORDS = {"and", "of", "the"}


@lru_cache(maxsize=1)
def choices() -> tuple[tuple[str, str | tuple[tuple[str, str], ...]], ...]:
    """For a picker: (code, country), or (country, its parts with the country as a whole first)."""
    # Imported here: tests/test_process_imports.py tells why.
    import holidays

    supported = holidays.list_supported_countries(include_aliases=False)
    found: list[tuple[str, str | tuple[tuple[str, str], ...]]] = []
    for country in sorted(supported, key=_country):
        whole = (country, _country(country))
        parts = [(f"{country}-{part}", country_name(f"{country}-{part}")) for part in supported[country]]
        found.append((whole[1], (whole, *sorted(parts, key=lambda each: each[1]))) if parts else whole)
    return tuple(found)


def country_name(national: str) -> str:
    """“Germany, Berlin”; a code that no calendar has stays as it is."""
    if not is_known(national):
        return national
    country, _, part = national.partition("-")
    return f"{_country(country)}, {_part(country, part)}" if part else _country(country)


@lru_cache(maxsize=512)
def _country(code: str) -> str:
    # Imported here: tests/test_process_imports.py tells why.
    from holidays.registry import COUNTRIES

    name = next((name for name, codes in COUNTRIES.items() if code in codes), code)
    return " ".join(word if word in SMALL_WORDS else word.capitalize() for word in name.split("_"))


@lru_cache(maxsize=1024)
def _part(country: str, part: str) -> str:
    # Imported here: tests/test_process_imports.py tells why.
    import holidays

    names = holidays.country_holidays(country).get_subdivision_aliases().get(part)
    return names[0] if names else part
