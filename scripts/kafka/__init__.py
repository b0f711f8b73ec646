"""A broker on this machine: Tansu for development and most tests, Apache Kafka for all that depends on it.

Tansu is one small program from a wheel, up at once, its log in memory. Apache Kafka needs Java 17 and, the
first time, Maven; it is what production runs on, so fault tests and benchmarks do too.

    python -m scripts.kafka start            Tansu; prints its address
    python -m scripts.kafka start --apache   Apache Kafka, one node, or --nodes 3
"""

from scripts.kafka.apache import (
    KAFKA_VERSION,
    ApacheKafka,
    fetch_kafka,
    missing_for_apache,
    start_apache_kafka,
)
from scripts.kafka.broker import Broker, BrokerError
from scripts.kafka.tansu import Tansu, start_tansu

__all__ = [
    "KAFKA_VERSION",
    "ApacheKafka",
    "Broker",
    "BrokerError",
    "Tansu",
    "fetch_kafka",
    "missing_for_apache",
    "start_apache_kafka",
    "start_tansu",
]
