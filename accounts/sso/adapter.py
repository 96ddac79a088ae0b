"""allauth's view of the company's sign-in: one provider, made from settings, that reaches public addresses only."""

from typing import Any

import requests
import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
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
from accounts.sso import company as sso

log = structlog.get_logger()


class Endpoints(OpenIDConnectOAuth2Adapter):
    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return settings.SITE_URL + reverse("account_sso_callback")


class CompanyProvider(OpenIDConnectProvider):
    oauth2_adapter_class = Endpoints


class Adapter(DefaultSocialAccountAdapter):
    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        if not sso.is_on() or provider not in {None, CompanyProvider.id, sso.provider_id()}:
            return []
        return [
            SocialApp(
                provider=CompanyProvider.id,
                provider_id=sso.provider_id(),
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
        """Who signs in is known: check what the provider said, link an address it vouches for, follow the groups."""
        claims = _claims(request, sociallogin.account)
        if not sociallogin.is_existing:
            if not sso.is_verified(claims):
                refuse(request, "Your company does not vouch for your e-mail address.")
            known = User.objects.filter(email__iexact=claims["email"]).first()
            if known is None:
                return
            _link(sociallogin, known)
        user = sociallogin.user
        if user.is_active:
            sso.follow_groups(user, sso.groups_in(claims))
            user.refresh_from_db(fields=["session_salt"])

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """New people come in by a group that has a role somewhere."""
        if not sso.roles_of(sso.groups_in(_claims(request, sociallogin.account))):
            refuse(request, "None of your groups has a role in the portal.")
        return True

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        sociallogin.user.email = sociallogin.user.email.lower()
        user: User = super().save_user(request, sociallogin, form)
        sso.follow_groups(user, sso.groups_in(_claims(request, sociallogin.account)))
        people.log(Action.SSO_LINKED, user, issuer=settings.OIDC_ISSUER)
        user.refresh_from_db(fields=["session_salt"])
        return user

    def on_authentication_error(self, request: HttpRequest, provider: Any, **what: Any) -> None:
        log.warning(
            "sso_failed", error=str(what.get("error")), exception=type(what.get("exception")).__name__
        )
        refuse(request, f"{settings.OIDC_NAME} did not complete it, or was not reached.")


def _claims(request: HttpRequest, account: SocialAccount) -> dict[str, Any]:
    """What the provider says of the person: from its token, and the rest from its user info about the same one."""
    token, info = account.extra_data.get("id_token") or {}, account.extra_data.get("userinfo") or {}
    if str(token.get("iss", "")).rstrip("/") != settings.OIDC_ISSUER or token.get("sub") != info.get("sub"):
        refuse(request, "The answer does not come from the issuer that the portal is set to.")
    return token | info


@transaction.atomic
def _link(sociallogin: SocialLogin, user: User) -> None:
    sociallogin.user = sociallogin.account.user = user
    sociallogin.account.save()
    people.log(Action.SSO_LINKED, user, issuer=settings.OIDC_ISSUER)


def refuse(request: HttpRequest, why: str) -> None:
    raise ImmediateHttpResponse(refusal(request, why))


def refusal(request: HttpRequest, why: str) -> HttpResponse:
    return render(request, "account/sso_refused.html", {"why": why}, status=403)
