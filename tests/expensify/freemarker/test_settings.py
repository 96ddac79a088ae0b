"""The modes of a rendering, which match the real engine in the same configuration."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from expensify.freemarker.errors import RenderError, TemplateError
from expensify.freemarker.settings import RenderSettings
from expensify.freemarker.template import parse, render
from tests.expensify.freemarker.corpus import EXPORTS, Case
from tests.expensify.freemarker.engine import Engine


def printed(template: str, data: dict[str, object], **settings: object) -> str:
    return render(parse(template), data, settings=RenderSettings(**settings))  # type: ignore[arg-type]


def test_missing_value_prints_nothing_by_default() -> None:
    assert printed("a${gone}b${m.gone}c", {"m": {}}) == "abc"


def test_missing_value_skips_only_its_own_tag() -> None:
    assert printed("a<#if gone == 1>x<#else>y</#if>b<#assign z = gone>c${z!'none'}", {}) == "abcnone"


def test_missing_value_ends_a_strict_rendering() -> None:
    with pytest.raises(RenderError, match="gone is missing"):
        printed("a${gone}b", {}, missing="error")


def test_boolean_prints_nothing_by_default() -> None:
    assert printed("a${yes}b${'x' + yes}c", {"yes": True}) == "abc"


def test_boolean_prints_words_with_the_setting() -> None:
    assert printed("${yes} ${'x' + no}", {"yes": True, "no": False}, boolean="words") == "true xfalse"


def test_boolean_ends_a_strict_rendering() -> None:
    with pytest.raises(RenderError, match="a boolean does not print by itself"):
        printed("${yes}", {"yes": True}, boolean="error")


def test_ignoring_missing_values_ignores_no_other_error() -> None:
    with pytest.raises(RenderError, match="is not a number"):
        printed("${'x'?number}", {})


def test_number_format_is_a_setting() -> None:
    assert printed("${n} ${n?c}", {"n": 1234567}, number_format="#,##0.00") == "1,234,567.00 1234567"


def test_now_comes_from_the_settings() -> None:
    now = dt.datetime(2024, 2, 29, 23, 30, tzinfo=dt.UTC)

    assert printed("${.now?string('yyyy-MM-dd HH:mm')}", {}, now=now, zone=ZoneInfo("Asia/Tokyo")) == "2024-03-01 08:30"


def test_dates_of_the_data_are_midnight_in_the_zone() -> None:
    day = dt.date(2024, 7, 1)

    assert (
        printed("${d?string('yyyy-MM-dd HH:mm z')}", {"d": day}, zone=ZoneInfo("America/New_York"))
        == "2024-07-01 00:00 EDT"
    )


def test_setting_tag_ends_with_its_rendering() -> None:
    template = parse("${n}<#setting number_format='0.00'>${n} ")

    assert render(template, {"n": 1}) + render(template, {"n": 2}) == "11.00 22.00 "


_MODES = [
    ("empty", "empty", "UTC"),
    ("empty", "words", "UTC"),
    ("error", "empty", "America/New_York"),
    ("error", "error", "Asia/Kolkata"),
]


@pytest.mark.java
@pytest.mark.parametrize(("missing", "boolean", "zone"), _MODES)
def test_every_mode_prints_what_freemarker_prints(engine: Engine, missing: str, boolean: str, zone: str) -> None:
    def ours(case: Case) -> str | None:
        settings = RenderSettings(missing=missing, boolean=boolean, zone=ZoneInfo(zone))  # type: ignore[arg-type]
        try:
            return render(parse(case.template), case.data, settings=settings)
        except TemplateError:
            return None

    probes = {
        "missing": Case("a${gone}b", {}),
        "boolean": Case("a${yes}b${yes?string}", {"yes": True}),
        "date": Case(
            "${at?string('yyyy-MM-dd HH:mm z XXX')} ${at?string.iso}"
            " ${'2024-03-10 02:30'?datetime('yyyy-MM-dd HH:mm')?string.iso}"
            " ${'2024-11-03 01:30'?datetime('yyyy-MM-dd HH:mm')?string.iso}",
            {"at": dt.datetime(2024, 7, 1, 3, 4, tzinfo=dt.UTC)},
        ),
        **EXPORTS,
    }
    wrong = [
        name
        for name, case in probes.items()
        if ours(case) != engine.render(case.template, case.data, missing=missing, boolean=boolean, zone=zone).output
    ]

    assert wrong == []
