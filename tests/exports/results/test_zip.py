"""ZIPs, plain and sealed, read back by other programs than those that made them."""

import zipfile
from pathlib import Path

import pytest
from stream_unzip import IncorrectAESPasswordError, stream_unzip

from exports.results import zip as zip_files

PASSWORD = "42 keys & locks"


@pytest.fixture
def members(tmp_path: Path) -> list[zip_files.Member]:
    found = []
    for number, name in enumerate(["Spesen März.csv", "big.csv"]):
        path = tmp_path / str(number)
        path.write_bytes((b"a,b\r\n" + bytes(range(256))) * (1 + 5000 * number))
        found.append((name, path))
    return found


def test_a_zip_holds_the_files_under_their_names(members: list[zip_files.Member], tmp_path: Path) -> None:
    zip_files.pack(members, tmp_path / "a.zip")

    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {name: path.read_bytes() for name, path in members}


def test_a_sealed_zip_opens_with_its_password(members: list[zip_files.Member], tmp_path: Path) -> None:
    zip_files.seal(members, tmp_path / "a.zip", PASSWORD)

    content = (tmp_path / "a.zip").read_bytes()
    found = {name.decode(): b"".join(pieces) for name, _, pieces in stream_unzip([content], password=PASSWORD.encode())}
    assert found == {name: path.read_bytes() for name, path in members}
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        entries = archive.infolist()
    assert all(entry.flag_bits & 1 and entry.compress_type == 99 for entry in entries)  # 99: AES


def test_a_sealed_zip_does_not_open_with_another_password(members: list[zip_files.Member], tmp_path: Path) -> None:
    zip_files.seal(members, tmp_path / "a.zip", PASSWORD)

    _, _, pieces = next(iter(stream_unzip([(tmp_path / "a.zip").read_bytes()], password=b"guess")))
    with pytest.raises(IncorrectAESPasswordError):
        list(pieces)


@pytest.mark.parametrize("password", ["", "short", "Schlüssel-Schlüssel", "with\na break"])
def test_a_password_that_does_not_do_seals_nothing(
    password: str, members: list[zip_files.Member], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"^Use "):
        zip_files.seal(members, tmp_path / "a.zip", password)

    assert not (tmp_path / "a.zip").exists()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.csv", "a.csv"),
        ("/abs.csv", "abs.csv"),
        ("..", "file"),
        ("a\x00b\nc.csv", "a_b_c.csv"),
        ("exe\u202evsc.csv", "exe_vsc.csv"),
        ("Grüße.csv", "Grüße.csv"),
        ("n" * 300 + ".csv", "n" * 196 + ".csv"),
    ],
)
def test_a_name_leads_nowhere(name: str, safe: str) -> None:
    assert zip_files.safe_name(name) == safe


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")

    zip_files.pack([("a/x.csv", tmp_path / "x"), ("b/X.csv", tmp_path / "x")], tmp_path / "a.zip")

    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["x.csv", "X (2).csv"]
