"""Chromium over the portal's own pages: signed in as somebody, on a screen or a phone, in light or dark."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import User
from exports.saved_exports import preview as template_preview
from tests.accounts.sign_in.factors import AppClock
from tests.browser.pages import Look, SignIn, run_axe
from tests.clients import signed_in
from tests.waiting import PATIENCE

SIZES = {"screen": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
USUAL_SCHEME = {"screen": "light", "phone": "dark"}
# Set to a word to keep a picture of every page that is looked at, in var/screenshots.
PICTURES = os.environ.get("SCREENSHOTS")
# The first one is Chromium without its own windows, menus and settings, which took a third of the processor time.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Milliseconds that the browser and its pages get for anything: far more than they need on a busy machine.
MILLISECONDS = 1000 * PATIENCE
expect.set_options(timeout=MILLISECONDS)
PICTURES_FOLDER = Path(settings.BASE_DIR) / "var" / "screenshots"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if chromium is None:
        pytest.skip("Chromium is not installed here: install the package “chromium” to drive the pages.")
    return browser_type_launch_args | {"executable_path": chromium, "args": ["--no-sandbox", "--disable-gpu"]}


@pytest.fixture(autouse=True, scope="session")
def database_beside_the_browsers_loop() -> None:
    """Playwright keeps an event loop in this thread, which Django takes for a reason to refuse the database."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser(browser: Browser) -> Browser:
    """One Chromium for all tests; whatever window a test opens in it is patient."""
    new_context = browser.new_context

    def patient_context(**options: Any) -> BrowserContext:
        context = new_context(**options)
        context.set_default_timeout(MILLISECONDS)
        return context

    browser.new_context = patient_context  # type: ignore[method-assign]
    return browser


@pytest.fixture
def context(browser: Browser, live_server: Any) -> Iterator[BrowserContext]:
    """A browser window of its own. The test fails if any page complains: a script error, or the security policy."""
    context = browser.new_context(
        base_url=live_server.url, viewport=SIZES["screen"], reduced_motion="reduce", locale="en-GB"
    )
    complaints: list[str] = []
    context.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    context.on("weberror", lambda problem: complaints.append(str(problem.error)))
    yield context
    context.close()
    assert [said for said in complaints if "Failed to load resource" not in said] == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def sign_in(context: BrowserContext, live_server: Any) -> SignIn:
    """Sign somebody in without the form."""

    def sign_in(user: User) -> None:
        client = signed_in(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])

    return sign_in


@pytest.fixture
def without_javascript(browser: Browser, live_server: Any, context: BrowserContext) -> Iterator[Callable[[], Page]]:
    """A page where no script runs, for whoever is signed in."""
    contexts = []

    def page() -> Page:
        plain = browser.new_context(base_url=live_server.url, java_script_enabled=False, locale="en-GB")
        plain.add_cookies(context.cookies())  # type: ignore[arg-type]
        contexts.append(plain)
        return plain.new_page()

    yield page
    for plain in contexts:
        plain.close()


@pytest.fixture(autouse=True)
def patient_previews(monkeypatch: pytest.MonkeyPatch) -> None:
    """A template runs away when it takes too many steps, not when the machine is slow."""
    monkeypatch.setattr(template_preview, "LIMITS", replace(template_preview.LIMITS, seconds=PATIENCE))


@pytest.fixture
def app_clock(monkeypatch: pytest.MonkeyPatch) -> AppClock:
    return AppClock(monkeypatch)


@pytest.fixture
def look(page: Page) -> Look:
    """Check the open page (or the one at `url`): it must pass axe, and must not be wider than its window.

    On a screen in light and on a phone in dark; with SCREENSHOTS set each in both, and pictures are kept under `name`.
    """

    def look(name: str, url: str | None = None) -> None:
        if url is not None:
            page.goto(url)
        # An `expect` is already content while the rest of its page is still on its way.
        page.wait_for_load_state()
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)  # type: ignore[arg-type]
            for scheme in ("light", "dark") if PICTURES else (USUAL_SCHEME[size],):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                if PICTURES:
                    PICTURES_FOLDER.mkdir(parents=True, exist_ok=True)
                    # A hidden caret would be a style of the page, which the policy forbids inside the editor.
                    path = PICTURES_FOLDER / f"{name}-{size}-{scheme}.png"
                    page.screenshot(path=path, full_page=True, caret="initial")
                found = run_axe(page)
                assert found.violations_count == 0, f"{name}, {size}, {scheme}: {found.generate_report()}"
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= viewport["width"], f"{name} is {width} px wide on a {size}"
        page.set_viewport_size(SIZES["screen"])  # type: ignore[arg-type]
        page.emulate_media(color_scheme="light")

    return look
