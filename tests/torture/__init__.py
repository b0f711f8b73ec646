"""The breaking machine: a seeded plan of edits runs while processes, servers and providers break.

One seed is one run on a warm stack. Whatever happens, in the end everybody must have heard what is so, or the
ledger must say why not; nobody may have heard it twice outside the stated window (docs/reliability.md).
"""
