"""To the company's sign-in and back."""

from allauth.account.utils import get_next_redirect_url
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.sso import company as sso


@login_not_required
@require_safe
def sso_start(request: HttpRequest) -> HttpResponse:
    """On to the provider. By GET: a form may only lead to pages of the portal, so says its security policy."""
    if not sso.is_on():
        raise Http404
    # Imported here: tests/test_process_imports.py tells why.
    import requests
    from allauth.socialaccount.providers.base.constants import AuthProcess

    from accounts.sso.adapter import Adapter, refusal

    provider = Adapter(request).get_provider(request, sso.provider_id())
    again = {"prompt": "login"} if request.user.is_authenticated else {}
    try:
        answer: HttpResponse = provider.redirect(
            request, AuthProcess.LOGIN, next_url=get_next_redirect_url(request), auth_params=again
        )
    except ImmediateHttpResponse as error:
        return error.response
    except (requests.RequestException, KeyError, ValueError):
        return refusal(request, f"{settings.OIDC_NAME} was not reached. Try again in a few minutes.")
    return answer


@login_not_required
@require_safe
def sso_callback(request: HttpRequest) -> HttpResponse:
    if not sso.is_on():
        raise Http404
    # Imported here: tests/test_process_imports.py tells why.
    from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView

    from accounts.sso.adapter import Endpoints

    answer: HttpResponse = OAuth2CallbackView.adapter_view(Endpoints(request, sso.provider_id()))(request)
    return answer
