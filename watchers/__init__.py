"""Change streams of MongoDB to topics of Kafka."""
