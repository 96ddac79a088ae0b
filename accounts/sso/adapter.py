"""Connect allauth to the company's identity provider: one provider, made from settings, at a public address.

allauth's OpenID Connect client needs `requests`: it passes `requests.auth.HTTPBasicAuth` to the session that
`get_requests_session` returns and catches `requests.RequestException`, so httpx cannot take its place.
"""

from typing import Any, NoReturn

import requests
import structlog
from allauth.account.utils import get_next_redirect_url
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts import people
from accounts.audit.record import Action
from accounts.models import User
from accounts.public_requests import PublicOnly
from accounts.sign_in import kept_request
from accounts.sso import company
from expensify.foreign_text import is_writable, writable_value

log = structlog.get_logger()


def redirect_to_provider(request: HttpRequest) -> HttpResponse:
    """Begin the sign-in. Somebody who is signed in has to enter their password there again."""
    provider = SocialAdapter(request).get_provider(request, company.provider_id())
    prompt = {"prompt": "login"} if request.user.is_authenticated else {}
    response: HttpResponse
    try:
        response = provider.redirect(
            request, AuthProcess.LOGIN, next_url=get_next_redirect_url(request), auth_params=prompt
        )
    except ImmediateHttpResponse as error:
        response = error.response
    except (requests.RequestException, KeyError, ValueError):
        return _refusal(request, f"{settings.OIDC_NAME} was not reached. Try again in a few minutes.")
    return response


def complete_sign_in(request: HttpRequest) -> HttpResponse:
    """Handle the provider's answer."""
    view = OAuth2CallbackView.adapter_view(Endpoints(request, company.provider_id()))
    response: HttpResponse = view(request)
    return response


class Endpoints(OpenIDConnectOAuth2Adapter):
    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return f"{settings.SITE_URL}{reverse('account_sso_callback')}"


class CompanyProvider(OpenIDConnectProvider):
    oauth2_adapter_class = Endpoints

    def sociallogin_from_response(self, request: HttpRequest, response: dict[str, Any]) -> SocialLogin:
        """Make the claims storable. Two people must not become one, so what identifies a person is not replaced."""
        for claims in response.values():
            if not is_writable([claims.get(name) for name in ("iss", "sub", "email")]):
                refuse(request, "The answer names you with characters that cannot be stored. Ask your company's IT.")
        login: SocialLogin = super().sociallogin_from_response(request, writable_value(response))
        return login


class SocialAdapter(DefaultSocialAccountAdapter):
    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        if not company.is_on() or provider not in {None, CompanyProvider.id, company.provider_id()}:
            return []
        return [
            SocialApp(
                provider=CompanyProvider.id,
                provider_id=company.provider_id(),
                name=settings.OIDC_NAME,
                client_id=settings.OIDC_CLIENT_ID,
                secret=settings.OIDC_CLIENT_SECRET,
                settings={"server_url": settings.OIDC_ISSUER, "oauth_pkce_enabled": True},
            )
        ]

    def get_provider(self, request: HttpRequest, provider: Any, client_id: Any = None) -> CompanyProvider:
        return CompanyProvider(request, app=self.get_app(request, provider=provider))

    def get_requests_session(self) -> requests.Session:
        session: requests.Session = super().get_requests_session()
        if not settings.OIDC_ALLOW_PRIVATE:
            session.mount("https://", PublicOnly())
            session.mount("http://", PublicOnly())
        return session

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Check the provider's claims, link a verified address to its user, and set roles by groups."""
        kept_request.keep_through_sign_in(request)
        claims = _claims(request, sociallogin.account)
        if not sociallogin.is_existing:
            if not company.is_verified(claims):
                refuse(request, "Your company does not vouch for your e-mail address.")
            user = User.objects.filter(email__iexact=claims["email"]).first()
            if user is None:
                return
            _link(sociallogin, user)
        user = sociallogin.user
        if user.is_active:
            company.follow_groups(user, company.groups_in(claims))
            user.refresh_from_db(fields=["session_salt"])

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """A new person needs a group that has a role in some team."""
        if not company.roles_of(company.groups_in(_claims(request, sociallogin.account))):
            refuse(request, "None of your groups has a role in the portal.")
        return True

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        sociallogin.user.email = sociallogin.user.email.lower()
        user: User = super().save_user(request, sociallogin, form)
        company.follow_groups(user, company.groups_in(_claims(request, sociallogin.account)))
        people.log(Action.SSO_LINKED, user, issuer=settings.OIDC_ISSUER)
        user.refresh_from_db(fields=["session_salt"])
        return user

    def on_authentication_error(self, request: HttpRequest, provider: Any, **details: Any) -> None:
        log.warning("sso_failed", error=str(details.get("error")), exception=type(details.get("exception")).__name__)
        refuse(request, f"{settings.OIDC_NAME} did not complete it, or was not reached.")


def _claims(request: HttpRequest, account: SocialAccount) -> dict[str, Any]:
    """The claims about the person: those of the ID token, and the others of the user info about the same person."""
    token, info = account.extra_data.get("id_token") or {}, account.extra_data.get("userinfo") or {}
    if str(token.get("iss", "")).rstrip("/") != settings.OIDC_ISSUER or token.get("sub") != info.get("sub"):
        refuse(request, "The answer does not come from the issuer that the portal is set to.")
    return token | info


@transaction.atomic
def _link(sociallogin: SocialLogin, user: User) -> None:
    sociallogin.user = sociallogin.account.user = user
    sociallogin.account.save()
    people.log(Action.SSO_LINKED, user, issuer=settings.OIDC_ISSUER)


def refuse(request: HttpRequest, reason: str) -> NoReturn:
    raise ImmediateHttpResponse(_refusal(request, reason))


def _refusal(request: HttpRequest, reason: str) -> HttpResponse:
    return render(request, "account/sso_refused.html", {"why": reason}, status=403)
