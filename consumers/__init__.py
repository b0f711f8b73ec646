"""What reads Kafka and due conversations (python -m consumers NAME)."""
