"""Employee updates as pure functions: from a file to Expensify's answer, without database or network.

1. `reading` opens a file or a pasted text (`delimited`, `workbook`, `feed_json`, `repairing`) as a `sheet`.
2. `mapping` suggests a field for each column (`headings`), and makes rows (`cells`, `fields`).
3. `checking` finds errors and warnings, each on its cell (`findings`): `identifiers`, `chains`, `chain_checks`,
   `leaving`.
4. `changes` compares people with the `known` members; `settings` makes the job and the content hash of an approval.
5. `answers` reads Expensify's answer person by person; `present` compares members after an unclear outcome.
6. `reverse` makes the rows that undo an update.
"""
