"""Stopping without signing in: by the links in mails, and by one word in a text."""
