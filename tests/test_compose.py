"""The containers without containers: the file against its schema, and its process lines as processes here."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pytest
import yaml
from django.conf import settings

from expensify.wire import CONNECT_SECONDS
from sandbox.company.company import DEMO_PAIRS
from sandbox.server import PATH as SANDBOX_PATH
from tests.production import PRODUCTION, names_read
from tests.servers import RedisServer, free_port

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
SCHEMA = Path(sys.prefix) / "compose-schema/compose/config/compose_spec.json"
HOST = "portal.example.com"


def demo_env() -> dict[str, str]:
    lines = (ROOT / "demo.env").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


# ------------------------------------------------------------ the file


def test_the_file_fits_the_compose_schema() -> None:
    if not SCHEMA.exists():
        pytest.skip("The schema is not here; script/test fetches it.")

    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(COMPOSE)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_depends_only_on_services_that_start_with_it(name: str) -> None:
    for other in SERVICES[name].get("depends_on", {}):
        assert set(SERVICES[other].get("profiles", [])) <= set(SERVICES[name].get("profiles", []))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_health_only_where_health_is_checked(name: str) -> None:
    waited_for = {
        other for other, how in SERVICES[name].get("depends_on", {}).items() if how["condition"] == "service_healthy"
    }

    assert waited_for <= {other for other, service in SERVICES.items() if "test" in service.get("healthcheck", {})}


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_uses_is_declared(name: str) -> None:
    service = SERVICES[name]

    assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_is_told_only_what_the_portal_reads(name: str) -> None:
    told = {variable.removesuffix("_FILE") for variable in SERVICES[name]["environment"]}

    assert told - names_read() == set()


def test_secrets_come_from_files() -> None:
    environment = SERVICES["web"]["environment"]

    for name in ("SECRET_KEY", "CREDENTIAL_KEYS", "DATABASE_URL"):
        assert name not in environment
        assert environment[f"{name}_FILE"] == f"/run/secrets/{name.lower()}"
        assert name.lower() in SERVICES["web"]["secrets"]


def test_all_processes_of_the_portal_have_the_same_settings() -> None:
    for name in ("worker", "mailer", "beat", "migrate", "demo"):
        assert SERVICES[name]["environment"] == SERVICES["web"]["environment"]


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in OURS])
def test_images_of_others_are_pinned_to_a_version(name: str) -> None:
    assert re.fullmatch(r"[a-z/]+:v?\d+(\.\d+)*(-[a-z]+)?", SERVICES[name]["image"])


def test_workers_can_be_multiplied() -> None:
    assert not {"container_name", "ports", "hostname"} & set(SERVICES["worker"])


def test_a_worker_that_is_told_to_stop_gets_the_time_of_a_whole_call() -> None:
    minutes = re.fullmatch(r"(\d+)m", SERVICES["worker"]["stop_grace_period"])

    assert minutes is not None
    assert int(minutes[1]) * 60 >= CONNECT_SECONDS + settings.EXPENSIFY_ANSWER_SECONDS + 30


def test_only_the_web_server_is_published_and_only_to_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {"web": ["${PUBLISH:-127.0.0.1:8000}:8000"], "mail": ["127.0.0.1:8025:8025"]}


def test_redis_keeps_the_call_budget() -> None:
    command = SERVICES["redis"]["command"]

    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options == {
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        "--maxmemory-policy": "noeviction",
    }


def test_the_demo_settings_are_ones_the_file_reads() -> None:
    assert set(demo_env()) <= set(re.findall(r"\$\{([A-Z_]+):", TEXT))


def test_the_demo_calls_the_sandbox_of_the_file_with_pairs_it_knows() -> None:
    port = dict(zip(SERVICES["sandbox"]["command"], SERVICES["sandbox"]["command"][1:], strict=False))["--port"]
    pairs = [part.split("=")[1].split(":") for part in demo_env()["DEMO_PAIRS"].split(",")]

    assert demo_env()["EXPENSIFY_URL"] == f"http://sandbox:{port}{SANDBOX_PATH}"
    assert dict(pairs) == DEMO_PAIRS


# ------------------------------------------------------------ the image


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree that the image holds: what .dockerignore lets through, with the static files collected."""
    tree = tmp_path_factory.mktemp("image") / "app"
    tree.mkdir()
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line.startswith("!"):
            copy: Callable[..., object] = shutil.copytree if (ROOT / line[1:]).is_dir() else shutil.copy2
            options = {"ignore": shutil.ignore_patterns("__pycache__")} if copy is shutil.copytree else {}
            copy(ROOT / line[1:], tree / line[1:], **options)
    collect = re.search(r"^RUN (DEMO=yes [^&]+)&&", (ROOT / "Dockerfile").read_text(), re.M | re.S)
    assert collect
    # /tmp/var stands in the line for a folder that the build throws away.
    line = collect[1].replace("\\\n", " ").replace("/tmp/var", str(tree.parent / "var"))
    subprocess.run(
        ["bash", "-ec", line],
        cwd=tree,
        env={"PATH": path(), "STATIC_ROOT": str(tree / "collected")},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return tree


def path() -> str:
    return f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def test_the_image_holds_nothing_but_what_runs(image: Path) -> None:
    assert {item.name for item in image.iterdir()} == {
        "accounts", "expensify", "exports", "portal", "sandbox", "script", "static", "templates", "collected",
        "manage.py", "requirements.txt",
    }  # fmt: skip


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (.+)$", (ROOT / "Dockerfile").read_text(), re.M)

    assert users == ["portal"]


def test_the_image_has_the_python_that_the_packages_are_pinned_for() -> None:
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.M)

    assert set(bases) == {"python:3.11-slim-bookworm"}


# ------------------------------------------------------------ its processes, in production


class Portal:
    """The services of docker-compose.yml as processes, under the environment that the file gives them."""

    def __init__(self, image: Path, folder: Path, environment: dict[str, str]) -> None:
        self.image, self.folder, self.environment = image, folder, environment
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, service: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{service}.log").open("wb") as log:
            self.running[service] = subprocess.Popen(
                SERVICES[service]["command"],
                executable=self.image / SERVICES[service]["command"][0],
                cwd=self.image,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.running[service]

    def log(self, service: str) -> str:
        return (self.folder / f"{service}.log").read_text(errors="replace")

    def get(self, page: str, **headers: str) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", int(self.environment["PORT"]), timeout=120)
        connection.request("GET", page, headers={"Host": HOST} | headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response, body

    def wait_for(self, page: str) -> bytes:
        """The body of the first answer 200."""
        give_up = time.monotonic() + 120
        while True:
            try:
                response, body = self.get(page)
                if response.status == 200:
                    return body
                last = f"{response.status} {body!r}"
            except OSError as error:
                last = str(error)
            assert time.monotonic() < give_up, f"{page}: {last}\n" + "\n".join(map(self.log, self.running))
            time.sleep(0.2)

    def stop(self) -> None:
        for process in self.running.values():
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait()


def filled_in(value: str, given: dict[str, str]) -> str:
    """A value of the file after Compose put the variables in."""
    return re.sub(
        r"\$\{([A-Z_]+):[-?]([^}]*)\}",
        lambda found: given.get(found[1]) or (found[2] if ":-" in found[0] else ""),
        value,
    )


@pytest.fixture(scope="module")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database on the engine that this run of the tests is on."""
    default = settings.DATABASES["default"]
    if default["ENGINE"].endswith("sqlite3"):
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'portal.sqlite3'}"
        return
    name = f"compose_{uuid.uuid4().hex}"
    server = {
        "host": default["HOST"],
        "port": default["PORT"],
        "user": default["USER"],
        "password": default["PASSWORD"],
    }
    with psycopg.connect(dbname="postgres", autocommit=True, **server) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield "postgres://{user}:{password}@{host}:{port}/".format(**server) + name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def portal(image: Path, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("production")
    secrets = {
        "secret_key": PRODUCTION["SECRET_KEY"],
        "credential_keys": PRODUCTION["CREDENTIAL_KEYS"],
        "database_url": database_url,
    }
    for name, value in secrets.items():
        (folder / name).write_text(value + "\n")
    given = {"ALLOWED_HOSTS": HOST, "EMAIL_URL": "smtp://127.0.0.1:9"}
    environment = {
        name: filled_in(str(value), given).replace("/run/secrets", str(folder))
        for name, value in SERVICES["web"]["environment"].items()
    }
    redis = RedisServer().start()
    # What a container has to itself, and here must not be anybody else's.
    own = {"REDIS_URL": redis.url, "BIND": "127.0.0.1", "PORT": str(free_port()), "VAR_DIR": str(folder / "var")}
    running = Portal(image, folder, environment | own | {"PATH": path(), "STATIC_ROOT": str(image / "collected")})
    assert running.start("migrate").wait(120) == 0, running.log("migrate")
    del running.running["migrate"]
    for service in ("web", "worker", "beat"):
        running.start(service)
    yield running
    running.stop()
    redis.remove()


@pytest.mark.slow
def test_the_web_process_is_healthy(portal: Portal) -> None:
    assert portal.wait_for("/healthz") == b"ok\n"


@pytest.mark.slow
def test_the_health_check_of_the_image_says_so_too(portal: Portal) -> None:
    portal.wait_for("/healthz")
    check = re.search(r'^HEALTHCHECK .* CMD \["(.+)"\]$', (ROOT / "Dockerfile").read_text(), re.M)
    assert check
    command = [str(portal.image / check[1])]

    well = subprocess.run(command, env=portal.environment, check=False)
    ill = subprocess.run(command, env=portal.environment | {"PORT": "9"}, check=False, capture_output=True, text=True)

    assert (well.returncode, ill.returncode) == (0, 1)
    assert ill.stderr == "The web process does not answer: [Errno 111] Connection refused\n"


@pytest.mark.slow
def test_database_redis_and_a_worker_make_the_portal_ready(portal: Portal) -> None:
    assert json.loads(portal.wait_for("/readyz")) == {"database": "ok", "redis": "ok", "worker": "ok"}


@pytest.mark.slow
def test_pages_are_served_over_https_only(portal: Portal) -> None:
    portal.wait_for("/healthz")

    plain, _ = portal.get("/account/login/")
    behind_proxy, page = portal.get("/account/login/", **{"X-Forwarded-Proto": "https"})

    assert (plain.status, plain.headers["Location"]) == (301, f"https://{HOST}/account/login/")
    assert behind_proxy.status == 200
    assert behind_proxy.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    style = re.search(rb'<link[^>]+href="(/static/[^"]+\.css)"', page)
    assert style
    assert portal.get(style[1].decode(), **{"X-Forwarded-Proto": "https"})[0].status == 200


@pytest.mark.slow
def test_another_name_is_not_answered(portal: Portal) -> None:
    portal.wait_for("/healthz")

    assert portal.get("/healthz", Host="somebody.example")[0].status == 400


@pytest.mark.slow
def test_each_process_ends_when_it_is_told_to(portal: Portal) -> None:
    portal.wait_for("/readyz")

    for process in portal.running.values():
        process.terminate()

    assert {name: process.wait(120) for name, process in portal.running.items()} == {"web": 0, "worker": 0, "beat": 0}
