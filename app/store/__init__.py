"""MongoDB: one module per collection, and every query of the system lives in one of them."""
