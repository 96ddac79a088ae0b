"""Employee updates as pure functions: from a file to what Expensify answered, without database or network.

1. `reading` opens a file or a pasted text (`delimited`, `workbook`, `feed_json`, `repairing`) as a `sheet`.
2. `mapping` suggests which column is which field (`headings`), and gives rows (`cells`, `fields`).
3. `checking` finds what is wrong, each on its cell (`findings`): `identifiers`, `chains`, `chain_checks`,
   `leaving`.
4. `changes` compares people with what is `known`; `settings` makes the job and the hash that an approval is bound
   to.
5. `answers` reads Expensify's answer person by person; `present` compares members after an unclear outcome.
6. `reverse` makes the rows that undo an update.
"""
