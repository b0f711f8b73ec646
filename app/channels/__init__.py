"""Providers of messages. Their errors end here: what leaves is an error of app.domain.errors."""
