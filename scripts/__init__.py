"""Programs around the product: servers for development, the demo, and the operator's repair tools."""
