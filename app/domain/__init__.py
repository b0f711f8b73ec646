"""The rules of Gatecall in plain Python: no input or output, and the clock is passed in."""
