"""The Flask application: feed, pages, API and health. It never imports watchers or consumers."""
