"""All settings. What differs between machines comes from the environment; `docs/settings.md` lists it."""

import sys
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from expensify.budget.limits import Limits
from portal import environment as env
from portal import logs

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

# The demo: one machine, made-up people with known passwords, plain HTTP. Never on a real address.
DEMO = env.flag("DEMO")
DEBUG = False

SECRET_KEY = env.text("SECRET_KEY")
# Newest first; the first one encrypts, all of them decrypt. docs/operations.md tells how to change them.
CREDENTIAL_KEYS = env.keys("CREDENTIAL_KEYS")
if not DEMO:
    if SECRET_KEY.startswith("demo-") or len(SECRET_KEY) < 50:
        raise ImproperlyConfigured(
            "SECRET_KEY is a demo key or shorter than 50 characters: make one of your own."
        )
    if any(key.startswith(env.DEMO_KEY) for key in CREDENTIAL_KEYS):
        raise ImproperlyConfigured("CREDENTIAL_KEYS holds a demo key: make one with `script/new-key`.")

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if DEMO else None)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", "")
# Where people reach the portal: for links that are made outside of a request.
SITE_URL = env.text(
    "SITE_URL", f"https://{ALLOWED_HOSTS[0]}" if not DEMO else "http://localhost:8000"
).rstrip("/")
# How many proxies of ours stand in front and append to X-Forwarded-For; 0 trusts nobody's header.
TRUSTED_PROXIES = int(env.number("TRUSTED_PROXIES", 0))

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
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
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
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
    "django_structlog.middlewares.RequestMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.team",
            ],
        },
    }
]

# ---------------------------------------------------------------- data

DATABASES = {
    "default": dj_database_url.parse(env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'portal.sqlite3'}"))
}
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

storage = env.address("STORAGE_URL", f"file://{VAR_DIR / 'files'}")
if storage.scheme == "file":
    PRIVATE_FILES = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": storage.path,
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }
elif storage.scheme == "s3":
    PRIVATE_FILES = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": storage.host,
            "location": storage.path.strip("/"),
            "access_key": storage.user or None,
            "secret_key": storage.password or None,
            "endpoint_url": storage.options.get("endpoint"),
            "region_name": storage.options.get("region"),
            "signature_version": "s3v4",
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
            # A larger file lies on the disk while it is read; without a number it would lie in memory.
            "max_memory_size": 1024**2,
        },
    }
else:
    raise ImproperlyConfigured("STORAGE_URL must begin with file:// or s3://.")

STORAGES = {
    "default": PRIVATE_FILES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VAR_DIR / "static")))
# Where a download lies while it arrives; on the same disk as file:// storage, so that storing is a rename.
FILE_UPLOAD_TEMP_DIR = str(VAR_DIR / "tmp")
Path(FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True)
# Above the largest file of employees that is read (20 MB), which then is refused at its field.
UPLOAD_MAX_BYTES = 25 * 1024**2
FILE_UPLOAD_HANDLERS = [
    "portal.uploads.SizeLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# A pasted feed; and a page of 50 rows with all 18 columns.
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024**2
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# ---------------------------------------------------------------- the Integration Server

EXPENSIFY_URL = env.text(
    "EXPENSIFY_URL", "https://integrations.expensify.com/Integration-Server/ExpensifyIntegrations"
)
# The hosts of feeds and of SFTP uploads, which Expensify calls, may be written as private addresses.
EXPENSIFY_ALLOW_PRIVATE = env.flag("EXPENSIFY_ALLOW_PRIVATE")
EXPENSIFY_LIMITS = Limits.parse(env.text("EXPENSIFY_LIMITS", "5/10s,20/60s"))
# Seconds to wait for an answer once a request is sent. Generating is slow at Expensify, PDF above all.
EXPENSIFY_ANSWER_SECONDS = env.number("EXPENSIFY_ANSWER_SECONDS", 240)
# A call in flight for longer than this belongs to a worker that is gone: an answer may take as long to come and as
# long again to read, besides connecting and sending (a minute) and storing the file.
STUCK_AFTER_SECONDS = env.number("STUCK_AFTER_SECONDS", 2 * EXPENSIFY_ANSWER_SECONDS + 120)
# How often an unreachable Integration Server, or a file that is not there yet, is tried for one run.
CALL_ATTEMPTS = int(env.number("CALL_ATTEMPTS", 5))
# Seconds before the second attempt; each further one waits twice as long.
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
    # Above every task's time limit and countdown, or Redis hands a task out a second time.
    "visibility_timeout": max(900, 2 * CELERY_TASK_TIME_LIMIT),
    "global_keyprefix": "portal:celery:",
    # Whoever rings a bell does not wait for a Redis that is away; workers go on trying to reach it all the same.
    "max_retries": 0,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
# Celery would connect to the database anew for every task, which costs Postgres 10 ms; see portal/celery.py.
CELERY_DB_REUSE_MAX = sys.maxsize
CELERY_TASK_DEFAULT_QUEUE = "portal"
# A due call must not wait behind other work.
CELERY_TASK_ROUTES = {
    "exports.tasks.take_turn": {"queue": "calls"},
    "exports.tasks.line_up": {"queue": "calls"},
    # A mail server that answers slowly holds up nothing else: the mailer is a process of its own.
    "exports.unattended.send_mails": {"queue": "mail"},
}
SWEEP_SECONDS = env.number("SWEEP_SECONDS", 2)
# A schedule that starts so much later than it was due has missed its time: each says whether it runs then.
SCHEDULE_LATE_AFTER_SECONDS = env.number("SCHEDULE_LATE_AFTER_SECONDS", 900)
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
# Seconds between two of each. What happens at an hour of the day stands in portal/celery.py: it needs Celery.
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "exports.tasks.sweep",
        "schedule": SWEEP_SECONDS,
    },
    "start-schedules": {
        "task": "exports.unattended.start_schedules",
        "schedule": SWEEP_SECONDS,
    },
    "settle-occurrences": {
        "task": "exports.unattended.settle_occurrences",
        "schedule": SWEEP_SECONDS,
    },
    "send-mails": {
        "task": "exports.unattended.send_mails",
        "schedule": SWEEP_SECONDS,
        # While the mailer waits for its server they would pile up.
        "options": {"expires": 5 * SWEEP_SECONDS},
    },
    "tidy": {
        "task": "exports.tasks.tidy",
        "schedule": 10 * SWEEP_SECONDS,
        "options": {"expires": 100 * SWEEP_SECONDS},
    },
    "keep-up-recipients": {
        "task": "exports.unattended.keep_up_recipients",
        "schedule": 30 * SWEEP_SECONDS,
        "options": {"expires": 30 * SWEEP_SECONDS},
    },
    "rotate": {
        "task": "exports.unattended.rotate",
        "schedule": 2 * SWEEP_SECONDS,
        "options": {"expires": 20 * SWEEP_SECONDS},
    },
    "tell-of-lost-policies": {
        "task": "exports.unattended.tell_of_lost_policies",
        "schedule": 300,
        "options": {"expires": 300},
    },
    "wipe-old": {
        "task": "exports.tasks.wipe_old",
        "schedule": 3600,
        "options": {"expires": 3600},
    },
}

# ---------------------------------------------------------------- the audit log outside of the database

# Where the ends of its chains go once a day, and where every entry goes; empty is nowhere.
AUDIT_HEADS = env.text("AUDIT_HEADS", "")
AUDIT_STREAM = env.text("AUDIT_STREAM", "")
# The certificates that vouch for a syslog server, when the system's own do not.
AUDIT_STREAM_CA = env.text("AUDIT_STREAM_CA", "")
AUDIT_WEBHOOK_KEY = env.text("AUDIT_WEBHOOK_KEY", "")
AUDIT_ALLOW_PRIVATE = env.flag("AUDIT_ALLOW_PRIVATE")
# Former SECRET_KEYs, with which the summaries of removed entries were signed.
AUDIT_OLD_SECRET_KEYS = env.words("AUDIT_OLD_SECRET_KEYS", "")
env.refuse_audit_address("AUDIT_HEADS", AUDIT_HEADS, ["file", "mailto", "https", "http"], AUDIT_WEBHOOK_KEY)
env.refuse_audit_address(
    "AUDIT_STREAM",
    AUDIT_STREAM,
    ["syslog+udp", "syslog+tcp", "syslog+tls", "https", "http"],
    AUDIT_WEBHOOK_KEY,
)
if AUDIT_HEADS:
    CELERY_BEAT_SCHEDULE["audit-heads"] = {
        "task": "exports.unattended.write_audit_heads",
        "schedule": 3600,
        "options": {"expires": 3600},
    }
if AUDIT_STREAM:
    CELERY_BEAT_SCHEDULE["audit-stream"] = {
        "task": "exports.unattended.stream_audit",
        "schedule": 10,
        "options": {"expires": 60},
    }

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
ACCOUNT_ADAPTER = "accounts.sign_in.adapter.Adapter"
ACCOUNT_FORMS = {
    "login": "accounts.forms.sign_in.LoginForm",
    "change_password": "accounts.forms.sign_in.ChangePasswordForm",
    "reset_password": "accounts.forms.sign_in.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.sign_in.ResetPasswordKeyForm",
    "reauthenticate": "accounts.forms.sign_in.ReauthenticateForm",
}
MFA_FORMS = {
    "authenticate": "accounts.forms.second_factor.AuthenticateForm",
    "reauthenticate": "accounts.forms.second_factor.ReauthenticateForm",
    "activate_totp": "accounts.forms.second_factor.ActivateTOTPForm",
    "add_webauthn": "accounts.forms.second_factor.AddPasskeyForm",
    "edit_webauthn": "accounts.forms.second_factor.RenamePasskeyForm",
}
MFA_ADAPTER = "accounts.sign_in.two_factor.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Expensify portal"
# What touches credentials, approvals, members and settings asks who is there if that was longer ago.
FRESH_SIGN_IN_SECONDS = ACCOUNT_REAUTHENTICATION_TIMEOUT = int(env.number("FRESH_SIGN_IN_SECONDS", 600))
# The company's own sign-in, by OpenID Connect; without an issuer there is none. docs/settings.md tells of each.
OIDC_NAME = env.text("OIDC_NAME", "your company")
OIDC_ISSUER = env.text("OIDC_ISSUER", "").rstrip("/")
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET", "")
OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM", "groups")
OIDC_GROUP_ROLES = env.words("OIDC_GROUP_ROLES", "")
# For a provider inside the company's network; otherwise it has to be public, and reached by HTTPS.
OIDC_ALLOW_PRIVATE = env.flag("OIDC_ALLOW_PRIVATE")
SOCIALACCOUNT_ADAPTER = "accounts.sso.adapter.Adapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
# Passwords that are known to have leaked are refused by asking a range API such as https://api.pwnedpasswords.com/range/.
PASSWORD_BREACH_CHECK = env.text("PASSWORD_BREACH_CHECK", "")
INVITATION_DAYS = int(env.number("INVITATION_DAYS", 7))
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
# Every session but the present one ends with the password it began with.
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# Nobody can be locked out by others: failures count for an address of the network (and a name there), see the adapter.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "reset_password": "5/m/ip,30/h/ip"}
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True

# It counts sign-ins and access tokens that failed: in the database, so that people can sign in while Redis is away.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"},
}

# Seconds to wait for each answer of the mail server; the whole mail gets five of these, its last answer ten.
MAIL_ANSWER_SECONDS = env.number("MAIL_ANSWER_SECONDS", 30)
# A mail being sent for longer than this belongs to a worker that is gone: nobody knows whether it left.
MAIL_STUCK_SECONDS = env.number("MAIL_STUCK_SECONDS", 20 * MAIL_ANSWER_SECONDS)
# How often a mail that surely did not leave is tried, and seconds before the second attempt. Each further one waits
# twice as long, up to an hour: so many attempts are a day.
MAIL_ATTEMPTS = int(env.number("MAIL_ATTEMPTS", 30))
MAIL_RETRY_SECONDS = env.number("MAIL_RETRY_SECONDS", 60)
# What the mail server takes in a minute, from all workers together; 0 is as fast as it goes.
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
# Where the demo shows the mails that its own mail server has caught.
DEMO_MAILBOX_URL = env.text("DEMO_MAILBOX_URL", "") if DEMO else ""
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "Expensify Portal <portal@localhost>")

# ---------------------------------------------------------------- pages

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_THOUSAND_SEPARATOR = False
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
PERMISSIONS_POLICY = {name: [] for name in ("camera", "geolocation", "microphone", "payment", "usb")}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
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

# ---------------------------------------------------------------- what operators see

LOGGING_CONFIG = None
logs.configure(level=env.text("LOG_LEVEL", "INFO"), as_json=env.flag("LOG_JSON", not DEMO))
logs.report_errors_to(env.text("SENTRY_DSN", ""))
