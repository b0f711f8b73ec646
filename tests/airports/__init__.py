"""The airports consumer."""
