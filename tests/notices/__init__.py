"""Notices by staff: whom they reach, what is told of them, and the page that publishes them."""
