from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import freshness, sign_ins, sso  # noqa: F401  the first two connect Django's and allauth's own sign-in signals

        sso.check_settings()
