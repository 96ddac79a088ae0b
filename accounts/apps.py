from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import sign_ins  # noqa: F401  connects Django's and allauth's own sign-in signals
