"""National calendars, with the names of countries and regions."""

from functools import lru_cache

from exports.schedules.rules.working_days import is_known

SMALL_WORDS = {"and", "of", "the"}


@lru_cache(maxsize=1)
def choices() -> tuple[tuple[str, str | tuple[tuple[str, str], ...]], ...]:
    """Choices for a form: (code, country), or (country, its regions, the whole country first)."""
    # Imported here to keep it out of web processes: see tests/test_process_imports.py.
    import holidays

    supported = holidays.list_supported_countries(include_aliases=False)
    options: list[tuple[str, str | tuple[tuple[str, str], ...]]] = []
    for country in sorted(supported, key=_country):
        whole = (country, _country(country))
        parts = [(f"{country}-{part}", country_name(f"{country}-{part}")) for part in supported[country]]
        options.append((whole[1], (whole, *sorted(parts, key=lambda part: part[1]))) if parts else whole)
    return tuple(options)


def country_name(national: str) -> str:
    """“Germany, Berlin”; an unknown code is returned unchanged."""
    if not is_known(national):
        return national
    country, _, part = national.partition("-")
    return f"{_country(country)}, {_part(country, part)}" if part else _country(country)


@lru_cache(maxsize=512)
def _country(code: str) -> str:
    # Imported here to keep it out of web processes: see tests/test_process_imports.py.
    from holidays.registry import COUNTRIES

    name = next((name for name, codes in COUNTRIES.items() if code in codes), code)
    return " ".join(word if word in SMALL_WORDS else word.capitalize() for word in name.split("_"))


@lru_cache(maxsize=1024)
def _part(country: str, part: str) -> str:
    # Imported here to keep it out of web processes: see tests/test_process_imports.py.
    import holidays

    names = holidays.country_holidays(country).get_subdivision_aliases().get(part)
    return names[0] if names else part
