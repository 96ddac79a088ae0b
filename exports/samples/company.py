"""Alder & Finch: three subsidiaries with three currencies, and a month of reports."""

from exports.samples.making import Report, SamplePerson, Workspace, expense, measured, report, with_receipt

IDA = SamplePerson("ida.brandt@alderfinch.example", "Ida", "Brandt", 1_204_001, "E-1003", "CC-12")
JONAS = SamplePerson("jonas.weiss@alderfinch.example", "Jonas", "Weiß", 1_204_002, "E-1004", "CC-14")
TOM = SamplePerson("tom.hughes@alderfinch.example", "Tom", "Hughes", 1_204_003, "E-2001", "CC-21")
PRIYA = SamplePerson("priya.patel@alderfinch.example", "Priya", "Patel", 1_204_004, "E-2002", "CC-21")
MARIA = SamplePerson("maria.lopez@alderfinch.example", "María", "López", 1_204_005, "0031", "CC-31")
GRACE = SamplePerson("grace.miller@alderfinch.example", "Grace", "Miller", 1_204_006, "M-17")
HENRIK = SamplePerson("henrik.olsen@alderfinch.example", "Henrik", "Olsen", 1_204_007, "M-01")

VAT = ("Standard", "id_TAX_OPTION_19", 19)
REDUCED = ("Reduced", "id_TAX_OPTION_7", 7)
UK_VAT = ("Standard", "id_TAX_OPTION_20", 20)

GERMANY = Workspace("0810E551A5F2A9C2", "Alder & Finch GmbH", "EUR")
BRITAIN = Workspace("1D1BC525C4892584", "Alder & Finch Ltd", "GBP")
AMERICA = Workspace("7734102938475610", "Alder & Finch, Inc.", "USD")

CARD = "5555XXXXXXXX4444"


def reports() -> list[Report]:
    return [_berlin(), _offsite(), _january(), _manchester(), _visits(), _chicago(), _drafts(), _closed()]


def _berlin() -> Report:
    tag = "Sales:Atlas"
    return report(
        "R00bCluvcO4T",
        "Trip to Berlin",
        GERMANY,
        IDA,
        "Reimbursed",
        "2026-01-05",
        [
            with_receipt(expense(1, "2026-01-04", "DB Bahn", 8990, "EUR", "Travel", tag=tag, tax=REDUCED), 88_112_233),
            expense(2, "2026-01-04", "CAFE CENTRAL 0112", 1234, "EUR", "Meals", tag=tag, tax=VAT,
                    modifiedAmount=1434, modifiedMerchant="Café Central", comment="Dinner with client, tip included",
                    attendees="Ida Brandt, Eva Lang"),
            with_receipt(expense(3, "2026-01-05", "Hotel Zur Post", 24_800, "EUR", "Lodging", tag=tag, tax=REDUCED,
                                 billable=True), 88_112_234),
            expense(4, "2026-01-05", "Taxi Nord", 2350, "EUR", "Travel", tag=tag, tax=REDUCED, billable=True),
            expense(5, "2026-01-06", "Currywurst Express", 790, "EUR", "Meals", tag=tag, tax=REDUCED,
                    modifiedCreated="2026-01-05"),
            measured(6, "2026-01-06", "42.5", "km", 30, "EUR", tag=tag, comment="Station to client and back"),
        ],
        submitted="2026-01-06",
        approvals=((GRACE, "2026-01-07"),),
        reimbursed="2026-01-09",
        fields={"Reason_of_trip": "Sales visit", "Cost_Center": "CC-12"},
        history=(("REIMBURSED", HENRIK, "2026-01-09", "Paid with the January run"),),
    )  # fmt: skip


def _offsite() -> Report:
    tag = "Engineering:Borealis"
    return report(
        "R00fK2mPq81Z",
        "Engineering offsite, Zürich",
        GERMANY,
        JONAS,
        "Approved",
        "2026-01-12",
        [
            with_receipt(expense(7, "2026-01-10", "SBB", 11_200, "CHF", "Travel", tag=tag, rate="1.0481"), 88_112_235),
            expense(8, "2026-01-10", "Hôtel de l'Étoile", 64_000, "CHF", "Lodging", tag=tag, rate="1.0481"),
            expense(9, "2026-01-11", "Zunfthaus", 38_650, "CHF", "Meals", tag=tag, rate="1.0481", modifiedAmount=40_650,
                    comment="Team dinner, 9 people"),
            expense(10, "2026-01-11", "GitHub, Inc.", 2100, "USD", "Software", tag=tag, card=CARD, rate="0.922"),
            expense(11, "2026-01-12", "Bürobedarf Müller & Söhne", 4990, "EUR", "Office supplies", tag=tag, tax=VAT),
        ],
        submitted="2026-01-13",
        approvals=((GRACE, "2026-01-14"), (HENRIK, "2026-01-16")),
        fields={"Reason_of_trip": "Offsite", "Cost_Center": "CC-14"},
        history=(("COMMENT", GRACE, "2026-01-14", "Please add the hotel's invoice"),),
    )  # fmt: skip


def _january() -> Report:
    return report(
        "R00hT7xWn3aB",
        "January subscriptions",
        GERMANY,
        IDA,
        "Approved",
        "2026-01-15",
        [
            expense(12, "2026-01-02", "JetBrains s.r.o.", 24_900, "EUR", "Software", tag="Engineering", tax=VAT,
                    card=CARD),
            expense(13, "2026-01-03", "Adobe", 6199, "EUR", "Software", tag="Sales", tax=VAT, card=CARD),
            expense(14, "2026-01-08", "Adobe", -6199, "EUR", "Software", tag="Sales", tax=VAT, card=CARD,
                    comment="Refund: ordered twice"),
            expense(15, "2026-01-12", "Telekom", 4495, "EUR", "Telephone", tag="Finance", tax=VAT, card=CARD),
            expense(16, "2026-01-14", "Cloud Hosting Ltd", 120_000, "GBP", "Software", tag="Engineering", card=CARD,
                    rate="1.1706", externalID="hosting-2026-01"),
        ],
        submitted="2026-01-15",
        approvals=((HENRIK, "2026-01-16"),),
        fields={"Cost_Center": "CC-12"},
    )  # fmt: skip


def _manchester() -> Report:
    return report(
        "R00kLm04Yd2e",
        'Conference "Data & Finance", Manchester',
        BRITAIN,
        TOM,
        "Approved",
        "2026-01-19",
        [
            with_receipt(expense(17, "2026-01-17", "Premier Inn", 18_900, "GBP", "Lodging", tax=UK_VAT, tag="Finance"),
                         88_112_236),
            expense(18, "2026-01-17", "Trainline", 7450, "GBP", "Travel", tag="Finance"),
            expense(19, "2026-01-18", "Joe's Diner, Deansgate", 3120, "GBP", "Meals", tax=UK_VAT, tag="Finance",
                    attendees="Tom Hughes, Priya Patel"),
            expense(20, "2026-01-18", "Fortnum & Mason", 4500, "GBP", "Client gifts", tax=UK_VAT, tag="Finance",
                    modifiedMerchant="Fortnum & Mason plc", billable=True),
            measured(21, "2026-01-19", "38.2", "mi", 45, "GBP", tag="Finance"),
        ],
        submitted="2026-01-20",
        approvals=((GRACE, "2026-01-21"),),
    )  # fmt: skip


def _visits() -> Report:
    """Approved once, waits for the second approver."""
    return report(
        "R00mQw91Rt5u",
        "Customer visits and consulting",
        BRITAIN,
        PRIYA,
        "Processing",
        "2026-01-21",
        [
            measured(22, "2026-01-19", "112", "mi", 45, "GBP", tag="Sales:Atlas", billable=True),
            measured(23, "2026-01-20", "64.8", "mi", 45, "GBP", tag="Sales:Atlas", billable=True),
            measured(24, "2026-01-20", "7.5", "hours", 4500, "GBP", tag="Sales:Atlas", billable=True),
            measured(25, "2026-01-21", "3", "hours", 4500, "GBP", tag="Sales:Borealis", modifiedAmount=12_000),
            expense(26, "2026-01-21", "Eurostar", 13_900, "EUR", "Travel", tag="Sales:Borealis", rate="0.8543"),
        ],
        submitted="2026-01-22",
        approvals=((GRACE, "2026-01-23"),),
        waits_for=HENRIK,
    )


def _chicago() -> Report:
    return report(
        "R00pZx83Uv7w",
        "Chicago, week 4",
        AMERICA,
        MARIA,
        "Processing",
        "2026-01-23",
        [
            with_receipt(expense(27, "2026-01-20", "Marriott, Chicago", 61_234, "USD", "Lodging", card=CARD),
                         88_112_237),
            expense(28, "2026-01-20", "Uber *Trip", 1875, "USD", "Travel"),
            expense(29, "2026-01-21", "Lou's Pizza", 5460, "USD", "Meals", modifiedAmount=6460,
                    comment="Lunch with the auditors", attendees="María López"),
            expense(30, "2026-01-22", "Air Canada Inc.", 48_020, "CAD", "Travel", card=CARD, rate="0.7298"),
            expense(31, "2026-01-22", "Staples", 2399, "USD", "Office supplies"),
            measured(32, "2026-01-23", "18", "mi", 67, "USD"),
        ],
        submitted="2026-01-24",
        waits_for=GRACE,
        fields={"Department": "Audit"},
    )  # fmt: skip


def _drafts() -> Report:
    return report(
        "R00rHj26Kc9x",
        "January drafts",
        AMERICA,
        MARIA,
        "Open",
        "2026-01-26",
        [
            expense(33, "2026-01-24", "Shell 4711", 4310, "USD", "Travel", card=CARD),
            expense(34, "2026-01-25", "Coffee House", 525, "USD", "Meals"),
            expense(35, "2026-01-26", "Unknown merchant", 9900, "USD", unverified=True),
            expense(36, "2026-01-26", "Lyft", 2280, "USD", "Travel"),
        ],
    )


def _closed() -> Report:
    return report(
        "R00tNb58Ge1y",
        "Card lines, December",
        BRITAIN,
        TOM,
        "Closed",
        "2026-01-02",
        [
            expense(37, "2025-12-18", "Vodafone", 3999, "GBP", "Telephone", tax=UK_VAT, tag="Finance", card=CARD),
            expense(38, "2025-12-20", "WH Smith", 1250, "GBP", "Office supplies", tax=UK_VAT, tag="Finance", card=CARD,
                    modifiedCreated="2025-12-19"),
            expense(39, "2025-12-22", "Amazon", 15_995, "GBP", "Office supplies", tax=UK_VAT, tag="Finance", card=CARD,
                    nameValuePairs={"source": "split"}),
            expense(40, "2025-12-22", "Amazon", 4005, "GBP", "Client gifts", tax=UK_VAT, tag="Finance", card=CARD,
                    nameValuePairs={"source": "split"}),
        ],
        submitted="2026-01-02",
    )  # fmt: skip
