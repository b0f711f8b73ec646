"""The alerts consumer."""
