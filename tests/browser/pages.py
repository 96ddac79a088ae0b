"""What tests do with a page: follow a link or a button to the next page, run axe, list what a page asks for."""

from collections.abc import Callable
from urllib.parse import urlsplit

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

from accounts.models import User

AXE = Axe().axe_script
Look = Callable[..., None]
SignIn = Callable[[User], None]


def follow(link: Locator) -> None:
    """Click a link or a button that leads to another page, and wait until that has loaded.

    After a bare click the old page may still be there: axe would run while it is replaced, and a field that both pages
    have would be filled in on the old one. An `expect` on something that only the new page has does as well.
    """
    with link.page.expect_navigation():
        link.click()


def run_axe(page: Page) -> AxeResults:
    """Run all rules of axe. It is loaded into a page once, and answers with violations only."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    return AxeResults(
        page.evaluate("async () => ({violations: (await axe.run({resultTypes: ['violations']})).violations})")
    )


def asked_within_a_minute(page: Page) -> list[str]:
    """The paths that a page asks for in the next minute of its clock, which `page.clock.install()` gave to the test."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.clock.run_for(60_000)
    # A page's requests come in their order: after this one, none of that minute is still on its way.
    page.evaluate("() => fetch('/healthz')")
    return asked[: asked.index("/healthz")]
