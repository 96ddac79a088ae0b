"""A file that does not say its encoding is read by a guess, and says so."""

import pytest

from tests.exports.employee_updates.feed.feeds import table

ROWS = "employeeEmail;employeeID;firstName\nann@acme.example;E-1;Łukasz\nben@acme.example;E-2;Zoë\n"


def guesses(content: bytes) -> list[tuple[str, str]]:
    return [(note.severity, note.sentence) for note in table(content).notes if note.code == "letters_guessed"]


def test_letters_of_an_8_bit_file_are_said_to_be_a_guess() -> None:
    [(severity, sentence)] = guesses(ROWS.encode("cp1250"))

    assert severity == "warning"
    assert sentence == (
        "The file does not say in which encoding its letters are, so they are a guess: Windows-1252. Look at "
        "“£ukasz”, “Zoë”. If letters are wrong, save the file as “CSV UTF-8” or as XLSX, and read it again."
    )


def test_at_most_five_values_are_shown() -> None:
    rows = "employeeEmail;firstName\n" + "".join(f"a{n}@acme.example;Zoë {n}\n" for n in range(9))

    assert guesses(rows.encode("cp1252"))[0][1].count("“Zoë") == 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_letters_that_are_certain_need_no_word(encoding: str) -> None:
    assert guesses(ROWS.encode(encoding)) == []


def test_plain_letters_need_no_word() -> None:
    assert guesses(b"employeeEmail;firstName\nann@acme.example;Ann\n") == []
