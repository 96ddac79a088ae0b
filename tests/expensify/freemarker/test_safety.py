"""A template can access its data and nothing else of the program."""

import threading

import pytest

from expensify.freemarker.errors import TemplateError
from expensify.freemarker.settings import RenderSettings
from expensify.freemarker.template import parse, render


class Account:
    """An object with things a template must not reach."""

    def __init__(self) -> None:
        self.secret = "hunter2"

    def delete(self) -> None:
        raise AssertionError("a template has called a method")

    def __str__(self) -> str:
        raise AssertionError("a template has printed an object")

    __repr__ = __str__


_WAYS_IN = [
    "${a}", "${a.secret!'none'}", "${a['secret']!'none'}", "${a.delete()}", "${a.__class__!'none'}",
    "${a?keys?size}", "${a?string}", "<#list a as x>${x}</#list>", "${a?c}", "${'x' + a}", "${a == a}",
    "${[a]?join(',')}", "${a?has_content?c}${a.secret}", "${s.__class__!'none'}",
    "${s?upper_case.__class__!'none'}", "${xs.append!'none'}", "${xs['append']!'none'}",
    "${m.items!'none'}", "${m.__class__!'none'}", "${m['__init__']!'none'}", "${n.real!'none'}",
    "${.vars.__builtins__!'none'}", "${.data_model.get!'none'}",
]  # fmt: skip


@pytest.mark.parametrize("template", _WAYS_IN)
def test_template_cannot_access_python(template: str) -> None:
    data = {"a": Account(), "s": "text", "xs": [1], "m": {}, "n": 1}

    try:
        output = render(parse(template), data, settings=RenderSettings(missing="error"))
    except TemplateError as error:
        output = error.message

    assert "hunter2" not in output
    assert "class" not in output.replace("__class__; this is", "")


def test_data_are_not_changed() -> None:
    data: dict[str, object] = {"xs": [3, 1], "m": {"a": 1}, "n": 1}
    template = parse(
        "<#assign n = 2 xs = xs + [9]><#global m = m + {'b': 2}>${xs?sort?join(',')}<#assign n++>${n}${m?size}"
    )

    assert render(template, data) == "1,3,932"
    assert data == {"xs": [3, 1], "m": {"a": 1}, "n": 1}


def test_renderings_share_no_state() -> None:
    template = parse("${q!'none'}<#assign q = 1><#global r = 1>${q}")

    assert render(template, {}) + render(template, {}) == "none1none1"


def test_template_renders_in_several_threads_at_once() -> None:
    template = parse(
        "<#macro m x><#list 1..50 as i>${x}<#nested i></#list></#macro><@m n; i>${i?string('00')}${n}</@m>"
    )
    outputs: dict[int, str] = {}

    def run(number: int) -> None:
        outputs[number] = render(template, {"n": number})

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outputs == {n: "".join(f"{n}{i:02}{n}" for i in range(1, 51)) for n in range(8)}


def test_half_an_emoji_is_written_as_a_question_mark() -> None:
    output = render(parse("${s?substring(0, 1)}${s[1]}|${s[0]}"), {"s": "😀"})

    assert output == "😀|?"
