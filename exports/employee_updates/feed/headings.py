"""Names of employee fields in HR systems, in English and German."""

import re
import unicodedata

from exports.employee_updates.feed.fields import FIELDS, KEYS

# Normalised as by `plain`. A word with two meanings is listed under the likelier field.
USUAL: dict[str, str] = {
    "email": """
        e mail; email address; e mail address; mail; mail address; employee email; user email; work email;
        business email; company email; primary email; primary work email; email work; email business;
        business email address; email primary work; work email address; login; login email; user principal name; upn;
        e mail adresse; mailadresse; e mail geschaftlich; geschaftliche e mail; geschaftliche e mail adresse;
        dienstliche e mail; e mail dienstlich; e mail arbeit; arbeits e mail; firmen e mail; mitarbeiter e mail;
        personio e mail; email firma; benutzer e mail
    """,
    "manager": """
        manager; manager email; managers email; manager e mail; manager work email; managers work email;
        manager email address; supervisor; supervisor email; supervisor e mail; supervisors email; reports to;
        reports to email; reporting to; reporting manager; reporting manager email; line manager; line manager email;
        direct manager; direct manager email; submits to; approver; approver email; worker manager;
        worker manager email; primary supervisor; superior; superior email; approval manager;
        vorgesetzter; vorgesetzte; vorgesetzter e mail; e mail vorgesetzter; e mail des vorgesetzten;
        e mail adresse vorgesetzter; vorgesetzten e mail; vorgesetzte r; fuhrungskraft; e mail fuhrungskraft;
        fuhrungskraft e mail; genehmiger; genehmiger e mail; e mail genehmiger; leiter; teamleiter; teamleitung;
        disziplinarischer vorgesetzter; disziplinarische fuhrungskraft
    """,
    "employee_id": """
        employee id; employee number; employee no; employee nr; emp id; emp no; empno; employee; employee code;
        personnel number; personnel no; person id; person number; person id external; worker id; worker number;
        staff id; staff number; payroll id; payroll number; hr id; hris id; user id; userid; external id;
        pernr; pers no; persnr; personalnummer; personal nr; personalnr; personalnr sap; mitarbeiternummer;
        mitarbeiter nr; mitarbeiternr; mitarbeiter id; ma nr; manr; stammnummer; personen id; angestelltennummer
    """,
    "policy": """
        policy id; policy; policyid; workspace id; workspace; expensify policy; expensify policy id;
        expensify workspace; expensify workspace id; richtlinie; richtlinien id; policy nummer
    """,
    "first_name": """
        first name; firstname; given name; forename; legal first name; preferred first name; preferred name;
        name first; vorname; rufname
    """,
    "last_name": """
        last name; lastname; surname; family name; legal last name; name last; nachname; familienname; zuname
    """,
    "custom_field_1": "custom field 1; customfield1; custom 1; feld 1; benutzerdefiniertes feld 1; zusatzfeld 1",
    "custom_field_2": """
        custom field 2; customfield2; custom 2; feld 2; benutzerdefiniertes feld 2; zusatzfeld 2; cost center;
        cost centre; cost center code; cost centre code; cost center id; costcenter; kostl; kostenstelle;
        kostenstellennummer; kst; kostenstelle nr
    """,
    "role": "role; expensify role; policy role; workspace role; rolle; berechtigung; expensify rolle",
    "approval_limit": """
        approval limit; approvallimit; limit; approval amount; approval amount limit; spend limit; spending limit;
        max approval; maximum approval; signing limit; authorization limit; authorisation limit; freigabelimit;
        freigabegrenze; genehmigungslimit; genehmigungsgrenze; unterschriftsgrenze; freigabebetrag; betragsgrenze
    """,
    "over_limit_approver": """
        over limit approver; overlimit approver; limit approver; over limit approver email; approver above limit;
        approver above the limit; forwards over limit to; over limit forwards to; genehmiger uber limit;
        genehmiger oberhalb des limits; freigabe uber limit; limit genehmiger
    """,
    "approves_to": """
        approves to; forwards to; next approver; next approver email; second approver; second level approver;
        secondary approver; approves to email; forward to; nachster genehmiger; zweiter genehmiger; leitet weiter an;
        weiter an; zweitgenehmiger
    """,
    "is_terminated": """
        is terminated; terminated; leaver; leaves; employment status; employee status; status; active status;
        inactive; left company; is leaver; ausgetreten; ausgeschieden; austritt; gekundigt; beschaftigungsstatus;
        anstellungsstatus; mitarbeiterstatus; verlasst das unternehmen
    """,
    "worker_status": "worker status; on leave; leave status; absence status; abwesenheitsstatus; abwesend",
    "domain_group": """
        domain group id; domain group; domaingroup; group id; security group; security group id; domanengruppe;
        domain gruppe; domanengruppen id; gruppen id
    """,
    "additional_policies": """
        additional policy ids; additional policies; additional policy id; further policies; further policy ids;
        other policies; additional workspaces; additional workspace ids; weitere richtlinien; weitere policies;
        weitere policy ids; zusatzliche richtlinien
    """,
    "remove_from_others": """
        should remove from unassigned policies; remove from unassigned policies; remove from other policies;
        remove from others; remove from other workspaces; aus anderen richtlinien entfernen;
        aus anderen policies entfernen
    """,
    "default_tags": "default tags; default tag; tags; standard tags; standardtags; standard tag; tag",
}


def plain(heading: str) -> str:
    """A heading without capitals, accents, punctuation, and the marks of required columns."""
    # Split employeeEmail and Employee_Email into the words employee and email.
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", heading.replace("ß", "ss"))
    bare = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode().lower()
    bare = re.sub(r"\((?:required|optional|pflichtfeld|pflicht)\)", " ", bare).replace("'", "")
    return " ".join(re.findall(r"[a-z0-9]+", bare))


EXACT: dict[str, str] = {
    text: field.name
    for field in FIELDS.values()
    for text in (plain(field.key), plain(field.heading), plain(field.name))
} | {plain(key): field.name for key, field in KEYS.items()}
"""The names of the contract and of the portal."""

KNOWN: dict[str, str] = {
    plain(text): name for name, texts in USUAL.items() for text in texts.split(";") if text.strip()
} | EXACT
"""Every heading that is recognised without guessing, with its field."""


def count_recognised(cells: list[str]) -> int:
    """The number of fields whose headings are among these cells."""
    return len({KNOWN[text] for cell in cells if (text := plain(cell)) in KNOWN})
