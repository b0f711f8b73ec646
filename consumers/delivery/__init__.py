"""Delivery: due conversations -> providers, ledger. One set of workers for each channel that is on."""
