"""Reads the fares that people's alerts are about, and tells them when one is what they asked for."""
