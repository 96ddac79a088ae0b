"""Redirect to the company's identity provider, and handle its answer."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.sso import company as sso


@login_not_required
@require_safe
def sso_start(request: HttpRequest) -> HttpResponse:
    """Redirect to the provider. A GET: the security policy allows forms to lead to pages of the portal only."""
    if not sso.is_on():
        raise Http404
    # Imported here: see tests/test_process_imports.py.
    from accounts.sso.adapter import redirect_to_provider

    return redirect_to_provider(request)


@login_not_required
@require_safe
def sso_callback(request: HttpRequest) -> HttpResponse:
    if not sso.is_on():
        raise Http404
    # Imported here: see tests/test_process_imports.py.
    from accounts.sso.adapter import complete_sign_in

    return complete_sign_in(request)
