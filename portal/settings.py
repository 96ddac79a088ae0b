"""All settings. Those that differ between machines come from the environment; docs/settings.md lists them."""

import sys
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from expensify.budget.limits import Limits
from portal import environment as env
from portal import logs
from portal.beat import beat_schedule
from portal.file_storage import file_storage

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

# The demo: one machine, invented people with known passwords, plain HTTP. Never on a public address.
DEMO = env.flag("DEMO")
DEBUG = False

SECRET_KEY = env.text("SECRET_KEY")
# Newest first: the first key encrypts, all keys decrypt. docs/operations.md describes how to change them.
CREDENTIAL_KEYS = env.keys("CREDENTIAL_KEYS")
if not DEMO:
    if SECRET_KEY.startswith("demo-") or len(SECRET_KEY) < 50:
        raise ImproperlyConfigured("SECRET_KEY is a demo key or shorter than 50 characters: make one of your own.")
    if any(key.startswith(env.DEMO_KEY) for key in CREDENTIAL_KEYS):
        raise ImproperlyConfigured("CREDENTIAL_KEYS holds a demo key: make one with `script/new-key`.")

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if DEMO else None)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", "")
# The portal's public address, for links made outside of a request.
SITE_URL = env.text("SITE_URL", f"https://{ALLOWED_HOSTS[0]}" if not DEMO else "http://localhost:8000").rstrip("/")
# How many of our own proxies append to X-Forwarded-For; 0 ignores the header.
TRUSTED_PROXIES = int(env.number("TRUSTED_PROXIES", 0))

ROOT_URLCONF = "portal.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "accounts",
    "exports",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "django_structlog",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "accounts.middleware.not_stored",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "accounts.middleware.writable_requests",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.whole_pages",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.origin",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.sign_in.kept_request.carry_out",
    "django_structlog.middlewares.RequestMiddleware",
    "accounts.middleware.WritableForms",
]

TEMPLATES = [
    {
        "BACKEND": "portal.pages.Pages",
        "NAME": "django",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.team",
            ]
        },
    }
]

# ---------------------------------------------------------------- data

DATABASES = {"default": dj_database_url.parse(env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'portal.sqlite3'}"))}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

REDIS_URL = env.text("REDIS_URL")

STORAGES = {
    "default": file_storage(env.address("STORAGE_URL", f"file://{VAR_DIR / 'files'}")),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VAR_DIR / "static")))
# Where downloads are written first. The same disk as file:// storage, so that storing is a rename.
FILE_UPLOAD_TEMP_DIR = str(VAR_DIR / "tmp")
Path(FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True)
# Above the limit for employee files (20 MB), so that the form can report a file that is too large.
UPLOAD_MAX_BYTES = 25 * 1024**2
FILE_UPLOAD_HANDLERS = [
    "portal.uploads.SizeLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# Enough for a pasted feed, and for a page of 50 rows with all 18 columns.
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024**2
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# ---------------------------------------------------------------- the Integration Server

EXPENSIFY_URL = env.text("EXPENSIFY_URL", "https://integrations.expensify.com/Integration-Server/ExpensifyIntegrations")
# Allow private addresses as hosts of feeds and SFTP uploads, which Expensify connects to.
EXPENSIFY_ALLOW_PRIVATE = env.flag("EXPENSIFY_ALLOW_PRIVATE")
EXPENSIFY_LIMITS = Limits.parse(env.text("EXPENSIFY_LIMITS", "5/10s,20/60s"))
# Seconds to wait for a response once the request is sent. Expensify generates files slowly, PDF above all.
EXPENSIFY_ANSWER_SECONDS = env.number("EXPENSIFY_ANSWER_SECONDS", 240)
# A call in flight for longer than this belongs to a dead worker: the response may take this long to arrive and as long
# again to read, besides connecting and sending (a minute) and storing the file.
STUCK_AFTER_SECONDS = env.number("STUCK_AFTER_SECONDS", 2 * EXPENSIFY_ANSWER_SECONDS + 120)
# Attempts per run when the Integration Server is unreachable or the file is not there yet.
CALL_ATTEMPTS = int(env.number("CALL_ATTEMPTS", 5))
# Seconds before the second attempt; each further attempt waits twice as long.
RETRY_SECONDS = env.number("RETRY_SECONDS", 10)
RESULT_MAX_BYTES = int(env.number("RESULT_MAX_BYTES", 2 * 1024**3))

# ---------------------------------------------------------------- work

# The module of the Celery app, which `exports.runs.tasks` loads; processes without tasks load no Celery.
TASK_APP = "portal.celery"
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = STUCK_AFTER_SECONDS + 60
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Above every task's time limit and countdown, or Redis delivers a task a second time.
    "visibility_timeout": max(900, 2 * CELERY_TASK_TIME_LIMIT),
    "global_keyprefix": "portal:celery:",
    # Enqueuing does not wait while Redis is down; workers keep trying to connect all the same.
    "max_retries": 0,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Keep database connections between tasks: connecting to Postgres takes 10 ms. See portal/celery.py.
CELERY_DB_REUSE_MAX = sys.maxsize
CELERY_TASK_DEFAULT_QUEUE = "portal"
# A due call must not wait behind other work.
CELERY_TASK_ROUTES = {
    "exports.tasks.take_turn": {"queue": "calls"},
    "exports.tasks.line_up": {"queue": "calls"},
    # The mailer is a process of its own, so a slow mail server delays nothing else.
    "exports.unattended.send_mails": {"queue": "mail"},
}
SWEEP_SECONDS = env.number("SWEEP_SECONDS", 2)
# A schedule that would start later than this is missed; its settings decide whether it runs then.
SCHEDULE_LATE_AFTER_SECONDS = env.number("SCHEDULE_LATE_AFTER_SECONDS", 900)
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")

# ---------------------------------------------------------------- copies of the audit log

# Where the last hash of each chain is sent once a day, and where every entry is sent; empty: nowhere.
AUDIT_HEADS = env.text("AUDIT_HEADS", "")
AUDIT_STREAM = env.text("AUDIT_STREAM", "")
# A CA file for the syslog server, in place of the system's.
AUDIT_STREAM_CA = env.text("AUDIT_STREAM_CA", "")
AUDIT_WEBHOOK_KEY = env.text("AUDIT_WEBHOOK_KEY", "")
AUDIT_ALLOW_PRIVATE = env.flag("AUDIT_ALLOW_PRIVATE")
# Former SECRET_KEYs that signed summaries of removed entries.
AUDIT_OLD_SECRET_KEYS = env.words("AUDIT_OLD_SECRET_KEYS", "")
env.refuse_audit_address("AUDIT_HEADS", AUDIT_HEADS, ["file", "mailto", "https", "http"], AUDIT_WEBHOOK_KEY)
env.refuse_audit_address(
    "AUDIT_STREAM", AUDIT_STREAM, ["syslog+udp", "syslog+tcp", "syslog+tls", "https", "http"], AUDIT_WEBHOOK_KEY
)
CELERY_BEAT_SCHEDULE = beat_schedule(SWEEP_SECONDS, audit_heads=bool(AUDIT_HEADS), audit_stream=bool(AUDIT_STREAM))

# ---------------------------------------------------------------- people

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.sign_in.leaked_passwords.NotLeaked"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.sign_in.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.forms.sign_in.LoginForm",
    "change_password": "accounts.forms.sign_in.ChangePasswordForm",
    "reset_password": "accounts.forms.sign_in.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.sign_in.ResetPasswordKeyForm",
    "reauthenticate": "accounts.forms.sign_in.ConfirmPasswordForm",
}
MFA_FORMS = {
    "authenticate": "accounts.forms.second_factor.AuthenticateForm",
    "reauthenticate": "accounts.forms.second_factor.ConfirmCodeForm",
    "activate_totp": "accounts.forms.second_factor.ActivateTOTPForm",
    "add_webauthn": "accounts.forms.second_factor.AddPasskeyForm",
    "edit_webauthn": "accounts.forms.second_factor.RenamePasskeyForm",
}
MFA_ADAPTER = "accounts.sign_in.two_factor.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Expensify portal"
# One step of 30 seconds before and after (RFC 6238, 5.2); accounts.sign_in.two_factor accepts each step once.
MFA_TOTP_TOLERANCE = 1
# allauth protects open sign-up: an attacker who signs up with somebody's address could lock its owner out. Here sign-up
# is closed, and the password reset writes unverified addresses, so that a stranger could keep people from a factor.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Changes to credentials, approvals, members and settings need a sign-in within this time.
FRESH_SIGN_IN_SECONDS = ACCOUNT_REAUTHENTICATION_TIMEOUT = int(env.number("FRESH_SIGN_IN_SECONDS", 600))
# The company's sign-in by OpenID Connect; off without an issuer. docs/settings.md describes each setting.
OIDC_NAME = env.text("OIDC_NAME", "your company")
OIDC_ISSUER = env.text("OIDC_ISSUER", "").rstrip("/")
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET", "")
OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM", "groups")
OIDC_GROUP_ROLES = env.words("OIDC_GROUP_ROLES", "")
# Allow a provider in a private network; otherwise it needs a public address and HTTPS.
OIDC_ALLOW_PRIVATE = env.flag("OIDC_ALLOW_PRIVATE")
SOCIALACCOUNT_ADAPTER = "accounts.sso.adapter.SocialAdapter"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
# A range API such as https://api.pwnedpasswords.com/range/, to reject leaked passwords; empty: no check.
PASSWORD_BREACH_CHECK = env.text("PASSWORD_BREACH_CHECK", "")
INVITATION_DAYS = int(env.number("INVITATION_DAYS", 7))
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
# Failures count per network address (and name), so nobody can lock somebody else out; see the adapter.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "reset_password": "5/m/ip,30/h/ip"}
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
SESSION_COOKIE_AGE = 12 * 60 * 60

# Counts failed sign-ins and access tokens. In the database, so that people can sign in while Redis is down.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"}}

# Seconds to wait for each reply of the mail server; a whole mail gets five times this, its last reply ten times.
MAIL_ANSWER_SECONDS = env.number("MAIL_ANSWER_SECONDS", 30)
# A mail in SENDING for longer than this belongs to a dead worker and becomes unconfirmed.
MAIL_STUCK_SECONDS = env.number("MAIL_STUCK_SECONDS", 20 * MAIL_ANSWER_SECONDS)
# Attempts for a mail that surely was not sent, and seconds before the second one. Each further attempt waits twice as
# long, up to an hour: 30 attempts take about a day.
MAIL_ATTEMPTS = int(env.number("MAIL_ATTEMPTS", 30))
MAIL_RETRY_SECONDS = env.number("MAIL_RETRY_SECONDS", 60)
# Mails per minute, from all workers together; 0: no limit.
EMAIL_PER_MINUTE = env.number("EMAIL_PER_MINUTE", 0)
mail = env.address("EMAIL_URL", f"file://{VAR_DIR / 'mail'}" if DEMO else None)
if mail.scheme in {"smtp", "smtps"}:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = mail.host, mail.port or (465 if mail.scheme == "smtps" else 25)
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = mail.user, mail.password
    EMAIL_USE_SSL = mail.scheme == "smtps"
    EMAIL_USE_TLS = mail.options.get("tls") == "1"
    EMAIL_TIMEOUT = MAIL_ANSWER_SECONDS
    EMAIL_FILE_PATH = None
elif mail.scheme == "file":
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = mail.path
else:
    raise ImproperlyConfigured("EMAIL_URL must begin with smtp://, smtps:// or file://.")
# The page that shows the mails of the demo's own mail server.
DEMO_MAILBOX_URL = env.text("DEMO_MAILBOX_URL", "") if DEMO else ""
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "Expensify Portal <portal@localhost>")

# ---------------------------------------------------------------- pages

TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
FORM_RENDERER = "portal.forms.Renderer"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: [] for name in ("camera", "geolocation", "microphone", "payment", "usb")
}
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.views.form_expired"

# HTTPS everywhere but in the demo.
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", not DEMO)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEMO
SECURE_HSTS_SECONDS = 0 if DEMO else 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEMO
if env.flag("BEHIND_TLS_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# ---------------------------------------------------------------- logs

LOGGING_CONFIG = None
logs.configure(level=env.text("LOG_LEVEL", "INFO"), as_json=env.flag("LOG_JSON", not DEMO))
logs.report_errors_to(env.text("SENTRY_DSN", ""))
