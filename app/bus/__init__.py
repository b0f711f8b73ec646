"""Kafka: topics, the envelope, the publisher that waits for its acks, and the consumer loop."""
