"""Time to render templates, compared with the real engine if installed: `python -m benchmarks.freemarker`."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from expensify.freemarker.errors import TemplateError
from expensify.freemarker.settings import RenderLimits
from expensify.freemarker.template import parse, render
from tests.expensify.freemarker.engine import Engine, is_installed
from tests.expensify.freemarker.greedy import GREEDY

TEMPLATE = """<#if addHeader == true>
  Report,Date,Merchant,Category,Tag,Comment,Amount,Currency,Converted,Billable,Reimbursable,Receipt<#lt>
</#if>
<#list reports as report>
  <#list report.transactionList as expense>
    <#if expense.modifiedMerchant?has_content>
      <#assign shop = expense.modifiedMerchant>
    <#else>
      <#assign shop = expense.merchant>
    </#if>
    "${report.reportID}",<#t>
    ${expense.created?date("yyyy-MM-dd")?string("M/d/yyyy")},<#t>
    "${shop?replace("\\"", "\\"\\"")}",<#t>
    "${expense.category}",<#t>
    "${expense.tag!}",<#t>
    "${(expense.comment!"")?replace("\\"", "\\"\\"")?replace("\\n", " ")}",<#t>
    ${(expense.amount / 100)?string("0.00")},<#t>
    ${expense.currency},<#t>
    ${((expense.convertedAmount!expense.amount) / 100)?string("#,##0.00")},<#t>
    ${expense.billable?string("yes", "no")},<#t>
    ${expense.reimbursable?string("yes", "no")},<#t>
    '${expense.transactionID}<#lt>
  </#list>
</#list>
"""


def company(expenses: int) -> dict[str, object]:
    """A template's data: reports of twenty expenses each."""
    rows = [
        {
            "transactionID": f"{6720309558248016000 + number}",
            "created": f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}",
            "merchant": f"Shop {number}",
            "modifiedMerchant": f'The "{number}"' if number % 3 == 0 else "",
            "category": "Travel",
            "comment": "lunch\nwith Bob" if number % 2 else "",
            "amount": 100 + number * 37,
            "currency": "USD",
            "billable": number % 2 == 0,
            "reimbursable": True,
        }
        for number in range(expenses)
    ]
    reports = [
        {"reportID": f"R{start:06}", "transactionList": rows[start : start + 20]} for start in range(0, expenses, 20)
    ]
    return {"addHeader": True, "reports": reports}


def best(action: Callable[[], object], repeat: int) -> float:
    """Shortest time of several runs, in seconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    template = parse(TEMPLATE)
    engine = Engine(warm=True) if is_installed() else None
    print(f"parse: {best(partial(parse, TEMPLATE), 20) * 1000:.1f} ms for {len(TEMPLATE)} characters")
    for expenses in (200, 6000):
        data = company(expenses)
        ours = best(partial(render, template, data), 7)
        line = f"{expenses} expenses, 12 columns: {ours * 1000:.0f} ms"
        if engine is not None:
            answer = engine.render(TEMPLATE, data, repeat=40)
            assert answer.output == render(template, data)
            ratio = ours / answer.seconds
            line += f"; FreeMarker on warm Java {answer.seconds * 1000:.0f} ms: ours takes {ratio:.1f} times as long"
        print(line)
    if engine is not None:
        engine.close()
    for name, seconds in sorted(greedy().items(), key=lambda item: -item[1])[:3]:
        print(f"greedy template, {name}: ended after {seconds:.2f} s and 300,000 steps at most")
    for piece in ("${a}", "${a!", "<#-- -->"):
        text = piece * (200_000 // len(piece))
        print(f"200,000 characters of {piece}: parsed or refused in {best(partial(try_render, text), 1):.2f} s")


def greedy() -> dict[str, float]:
    """Seconds until the limits stop each endless template."""
    limits = RenderLimits(steps=300_000, depth=30, output_chars=1_000_000)
    return {name: best(partial(try_render, text, limits), 1) for name, text in GREEDY.items()}


def try_render(text: str, limits: RenderLimits | None = None) -> None:
    with suppress(TemplateError):
        template = parse(text)
        if limits:
            render(template, {}, limits=limits)


if __name__ == "__main__":
    main()
