"""MongoDB change streams to Kafka (python -m watchers)."""
