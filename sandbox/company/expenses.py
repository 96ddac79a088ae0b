"""Generate expenses, with the oddities that templates must handle."""

import random
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.company.model import Card, Expense, Policy
from sandbox.company.words import ATTENDEES, COMMENTS, RATES_TO_EUR, TRADES

FIRST_TRANSACTION = 4_000_000_000_000_000_001
DISTANCE_RATES = {"EUR": ("km", 30), "USD": ("mi", 67), "GBP": ("mi", 45)}


class ExpenseMaker:
    """Generates expenses with unique identifiers of 19 digits."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._count = 0

    def make(self, policy: Policy, report_id: str, on: date, card: Card | None = None) -> Expense:
        """Return an expense on or shortly before `on`, in the policy's currency or a foreign one."""
        rng = self._rng
        trade = rng.choice(TRADES)
        currency = policy.currency if rng.random() < 0.83 else rng.choice(sorted(RATES_TO_EUR))
        amount = rng.randrange(trade.low, trade.high)
        if rng.random() < 0.03:
            amount = -amount  # a refund
        spent_on = on - timedelta(days=min(rng.randrange(20), rng.randrange(20)))
        merchant = rng.choice(trade.merchants)
        coded = bool(policy.categories)
        expense = self.blank(report_id, merchant, spent_on, amount, currency) | {
            "mcc": trade.mcc,
            "category": trade.category if coded else "Uncategorized",
            "categoryGlCode": trade.gl_code if coded else "",
            "categoryPayrollCode": f"P-{trade.gl_code[-2:]}" if coded else "",
            "comment": rng.choice(COMMENTS),
            "attendees": rng.choice(ATTENDEES) if trade.category == "Meals" else "",
            "billable": rng.random() < 0.25,
            "reimbursable": card is None,
        }
        if rng.random() < 0.06:
            self._measure(expense, policy)
        elif card is not None:
            expense |= {"bank": card.bank, "cardID": card.id, "cardNumber": card.number, "cardName": card.name}
        if rng.random() < 0.12:
            self._edit(expense, spent_on)
        self._tag(expense, policy)
        self._tax(expense, policy)
        convert(expense, policy.currency)
        if rng.random() < 0.7:
            self._receipt(expense)
        if rng.random() < 0.02:
            expense["nameValuePairs"] = {"source": "split"}
        return expense

    def blank(self, report_id: str, merchant: str, on: date, amount: int, currency: str) -> Expense:
        """Return an expense with only the fields of every expense; `amount` in cents of `currency`."""
        self._count += 1
        inserted = datetime.combine(on, datetime.min.time()) + timedelta(hours=18, minutes=self._count % 60)
        return {
            "transactionID": str(FIRST_TRANSACTION + self._count * 7919),
            "reportID": report_id,
            "amount": amount,
            "modifiedAmount": "",
            "convertedAmount": "",
            "currency": currency,
            "currencyConversionRate": "",
            "created": on.isoformat(),
            "modifiedCreated": "",
            "inserted": f"{inserted:%Y-%m-%d %H:%M:%S}",
            "merchant": merchant,
            "modifiedMerchant": "",
            "mcc": 0,
            "modifiedMCC": "",
            "category": "Uncategorized",
            "categoryGlCode": "",
            "categoryPayrollCode": "",
            "tag": "",
            "tagGlCode": "",
            "comment": "",
            "attendees": "",
            "billable": False,
            "reimbursable": True,
            "hasTax": False,
            "bank": "",
            "externalID": "",
            "type": "expense",
            "receiptID": "",
            "receiptFilename": "",
            "receiptObject": {},
            "modified": False,
            "unverified": False,
            "details": "",
            "transactionHash": "",
        }

    def _measure(self, expense: Expense, policy: Policy) -> None:
        """Turn it into a distance or time expense; the amount is count times rate."""
        rng = self._rng
        if rng.random() < 0.7:
            kind, (unit, rate) = "distance", DISTANCE_RATES.get(policy.currency, ("km", 30))
            count = Decimal(rng.randrange(30, 6000)) / 10
            merchant = f"{count} {unit} @ {rate / 100:.2f}"
        else:
            kind, unit, rate, count = "time", "hour", 4500, Decimal(rng.randrange(1, 17)) / 2
            merchant = f"{count} hours"
        expense |= {
            "type": kind,
            "units": {"count": count, "rate": rate, "unit": unit},
            "amount": _cents(count * rate),
            "currency": policy.currency,
            "merchant": merchant,
            "mcc": 0,
        }

    def _edit(self, expense: Expense, spent_on: date) -> None:
        rng = self._rng
        if rng.random() < 0.6:
            expense["modifiedAmount"] = expense["amount"] + rng.randrange(-200, 900)
        if rng.random() < 0.5:
            expense["modifiedMerchant"] = f"{expense['merchant']}, corrected"
        if rng.random() < 0.4:
            expense["modifiedCreated"] = (spent_on - timedelta(days=1)).isoformat()
        if rng.random() < 0.2:
            expense["modifiedMCC"] = 5814
        expense["modified"] = True

    def _tag(self, expense: Expense, policy: Policy) -> None:
        chosen = [self._rng.choice(level.tags) for level in policy.tag_levels]
        if not chosen or self._rng.random() < 0.1:
            return
        expense["tag"] = ":".join(str(tag["name"]).replace(":", "\\:") for tag in chosen)
        expense["tagGlCode"] = chosen[0]["glCode"]
        for level, tag in enumerate(chosen, start=1):
            expense[f"ntag{level}"] = tag["name"]
            expense[f"ntag{level}GlCode"] = tag["glCode"]

    def _tax(self, expense: Expense, policy: Policy) -> None:
        if not policy.tax or self._rng.random() < 0.3:
            return
        rate = self._rng.choice(policy.tax["rates"])
        amount = expense["amount"]
        expense |= {
            "hasTax": True,
            "taxName": policy.tax["name"],
            "taxRate": rate["rate"],
            "taxRateName": rate["name"],
            "taxCode": rate["rateID"],
            "taxAmount": _cents(Decimal(amount * rate["rate"]) / (100 + rate["rate"])),
            "modifiedTaxAmount": "",
        }
        if expense["modifiedAmount"] != "":
            expense["modifiedTaxAmount"] = _cents(
                Decimal(expense["modifiedAmount"] * rate["rate"]) / (100 + rate["rate"])
            )

    def _receipt(self, expense: Expense) -> None:
        number = 88_000_000 + self._count
        name = f"w_{number:x}.jpg"
        url = f"https://www.expensify.com/receipts/{name}"
        formatted_amount = in_words(expense["amount"], expense["currency"])
        receipt: dict[str, Any] = {
            "url": url,
            "thumbnail": f"{url}.1024.jpg",
            "smallThumbnail": f"{url}.320.jpg",
            "type": "jpg",
            "transactionID": expense["transactionID"],
            "receiptID": number,
            "state": "SCANCOMPLETE",
            "formattedAmount": formatted_amount,
            "formattedMerchant": expense["merchant"],
            "formattedCreated": expense["created"],
        }
        expense |= {"receiptID": number, "receiptFilename": name, "receiptObject": receipt}


def convert(expense: Expense, currency: str) -> None:
    """Set `convertedAmount` and the rate of an expense in another currency than the report."""
    if expense["currency"] == currency:
        return
    foreign = RATES_TO_EUR.get(expense["currency"], Decimal(1))
    rate = (foreign / RATES_TO_EUR[currency]).quantize(Decimal("0.000001")).normalize()
    amount = expense["amount"] if expense["modifiedAmount"] == "" else expense["modifiedAmount"]
    expense |= {"currencyConversionRate": rate, "convertedAmount": _cents(amount * rate)}


def in_words(cents: int, currency: str) -> str:
    return f"{currency} {cents / 100:,.2f}"


def _cents(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
