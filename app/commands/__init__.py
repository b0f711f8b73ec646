"""The commands of `gatecall`, a module for each kind; `app.__main__` lists them."""
