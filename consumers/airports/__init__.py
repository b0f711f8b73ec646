"""Counts the flights of airports that people follow, and tells them when a day goes wrong, or right again."""
