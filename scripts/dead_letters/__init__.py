"""Dead letters from the command line: the same as `gatecall dead-letters`."""
