"""The environment of a portal in production, and the settings that it may name."""

import ast
import base64
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
PRODUCTION = {
    "SECRET_KEY": "s" * 30 + "ecret-of-nobody-else" * 2,
    "CREDENTIAL_KEYS": KEY,
    "REDIS_URL": "redis://redis:6379/0",
    "ALLOWED_HOSTS": "portal.example.com",
    "EMAIL_URL": "smtp://mail.example.com",
}


def names_read() -> set[str]:
    """Every setting that the portal or one of its processes reads."""
    tree = ast.parse((ROOT / "portal/settings.py").read_text())
    in_settings = {
        str(call.args[0].value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value) == "env"
        and isinstance(call.args[0], ast.Constant)
    }
    in_processes = set(re.findall(r"\$\{([A-Z_]+):-", (ROOT / "script/process").read_text()))
    return in_settings | in_processes | {"DEMO_PAIRS"}
