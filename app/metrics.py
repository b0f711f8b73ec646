"""Every metric, in one place. Names and units follow the Prometheus conventions (base units, _total)."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_LATENCY_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)

# Every process
READY = Gauge("gatecall_ready", "1 when this process is ready, as /health/ready says.")

# Watchers
WATCHER_EVENTS = Counter(
    "gatecall_watcher_events", "Change events published and acknowledged.", ["collection", "op"]
)
WATCHER_UNCHANGED = Counter(
    "gatecall_watcher_unchanged", "Edits that changed no watched field.", ["collection"]
)
WATCHER_SKIPPED = Counter(
    "gatecall_watcher_skipped", "Changes that need no event, by reason.", ["collection", "reason"]
)
WATCHER_SNAPSHOTS = Counter(
    "gatecall_watcher_snapshots", "Snapshots begun, by their cause.", ["collection", "cause"]
)
WATCHER_LAG = Gauge(
    "gatecall_watcher_lag_seconds", "From the write to its acknowledgement by Kafka.", ["collection"]
)
WATCHER_TOKEN_AGE = Gauge(
    "gatecall_watcher_token_age_seconds", "Age of the stored resume token.", ["collection"]
)
WATCHER_BEHIND = Gauge(
    "gatecall_watcher_behind_seconds",
    "How old the change is up to which everything is acknowledged; near 0 when idle.",
    ["collection"],
)
GAP_BLIND = Gauge(
    "gatecall_gap_blind_seconds", "How long the watcher was blind before its latest snapshot.", ["collection"]
)
CLUSTER_TIME_BEHIND = Gauge(
    "gatecall_cluster_time_behind_seconds",
    "By how much cluster time runs behind a stored position; more than none: MongoDB was restored.",
)
OPLOG_WINDOW = Gauge("gatecall_oplog_window_seconds", "How far back the oplog reaches.")
LEASE_HELD = Gauge("gatecall_lease_held", "1 while this process holds the lease.", ["collection"])
LEASE_UNHELD = Gauge(
    "gatecall_lease_unheld", "1 while nobody holds the lease, whoever should.", ["collection"]
)
DEAD_LETTERS_WAITING = Gauge("gatecall_dead_letters_waiting", "Dead letters that wait for somebody.")
DEAD_LETTERS_KEPT = Gauge(
    "gatecall_dead_letters_kept",
    "Dead letters that are kept, by reason and where they stand.",
    ["reason", "status"],
)
DEAD_LETTERS = Counter("gatecall_dead_letters", "Dead letters written.", ["source", "reason"])
READ_REQUESTS = Counter(
    "gatecall_read_requests", "Requests to read documents afresh, by outcome.", ["collection", "outcome"]
)

# Notifier
NOTIFIER_EVENTS = Counter("gatecall_notifier_events", "Events handled.", ["collection", "outcome"])
NOTIFIER_LAG = Gauge("gatecall_notifier_lag_seconds", "From the write to its handling by the notifier.")
CONSUMER_LAG = Gauge(
    "gatecall_consumer_lag_messages",
    "Messages of the topic that wait for this member of the group.",
    ["group", "topic"],
)
CONSUMER_LOST = Counter(
    "gatecall_consumer_lost_messages",
    "Messages that Kafka deleted before the group had read them.",
    ["group", "topic"],
)
CONSUMER_LAG_SECONDS = Gauge(
    "gatecall_consumer_lag_seconds",
    "Age of the oldest message that waits for this member.",
    ["group", "topic"],
)
FOUND_LATE = Counter("gatecall_found_late", "Announcements of differences that a snapshot found.")
ANNOUNCEMENTS = Counter("gatecall_announcements", "Decisions to tell those concerned.", ["kind"])
FAN_OUT = Histogram(
    "gatecall_fan_out_seconds", "One batch of events: decisions and fan-out.", buckets=_LATENCY_S
)
RESYNC_MENDED = Counter(
    "gatecall_resync_mended", "Conversations the resync had to mend; more than none is a defect."
)

# Airports
AIRPORT_EVENTS = Counter(
    "gatecall_airport_events", "Events that the airports consumer handled.", ["collection", "outcome"]
)
AIRPORT_READS = Histogram(
    "gatecall_airport_read_seconds", "One airport's day: read, counted and told.", buckets=_LATENCY_S
)
AIRPORT_LEVELS = Counter(
    "gatecall_airport_levels", "Changes of an airport's level, by the new one.", ["level"]
)
AIRPORT_UNREADABLE = Counter(
    "gatecall_airport_unreadable", "Flights that were left out of a count, because they cannot be understood."
)
AIRPORT_DUE_AGE = Gauge("gatecall_airport_due_age_seconds", "Age of the oldest airport's day that is due.")

# Alerts
ALERT_EVENTS = Counter(
    "gatecall_alert_events", "Events that the alerts consumer handled.", ["collection", "outcome"]
)
ALERTS_ASKED = Counter("gatecall_alerts_asked", "Alerts that were asked for, each time they were.")
ALERT_READS = Histogram(
    "gatecall_alert_read_seconds", "Some alerts that were due: read, decided and told.", buckets=_LATENCY_S
)
ALERTS_READ = Counter("gatecall_alerts_read", "Alerts that were read, by what came of it.", ["outcome"])
ALERT_UNREADABLE = Counter(
    "gatecall_alert_unreadable_fares",
    "Fares that were left out of a read, because they cannot be understood.",
)
ALERT_DUE_AGE = Gauge("gatecall_alert_due_age_seconds", "Age of the oldest alert that is due.")
ALERTS_DUE = Gauge("gatecall_alerts_due", "Alerts that are due.")

# Notices
NOTICE_EVENTS = Counter(
    "gatecall_notice_events", "Events that the notices consumer handled, by outcome.", ["outcome"]
)
NOTICE_TOLD = Histogram(
    "gatecall_notice_told_seconds", "One notice: conversations made and told.", buckets=_LATENCY_S
)
NOTICE_PEOPLE = Counter("gatecall_notice_people", "People who were among those that a notice reaches.")

# Delivery
ATTEMPTS = Counter("gatecall_attempts", "Hand-overs to a provider, by outcome.", ["channel", "outcome"])
ATTEMPT_SECONDS = Histogram("gatecall_attempt_seconds", "One hand-over.", ["channel"], buckets=_LATENCY_S)
NOTIFICATIONS = Counter(
    "gatecall_notifications", "Rows of the ledger that reached a status.", ["channel", "status"]
)
SETTLED = Counter("gatecall_settled", "Conversations settled in silence, by reason.", ["channel", "reason"])
SAVE_TO_PROVIDER = Histogram(
    "gatecall_save_to_provider_seconds",
    "From the write in MongoDB to the provider's answer.",
    ["channel"],
    buckets=_LATENCY_S,
)
DOUBTFUL_SENDS = Counter(
    "gatecall_doubtful_sends",
    "Messages sent although an earlier one may have arrived: the stated window.",
    ["channel"],
)
CLAIMS_LOST = Counter("gatecall_claims_lost", "Claims whose lease ran out before the end.", ["channel"])
CHANNEL_DOWN = Gauge("gatecall_channel_down", "1 while the provider of a channel is down.", ["channel"])
PROVIDER_OPEN = Gauge(
    "gatecall_provider_open", "1 while a provider is down and is given no messages but probes.", ["provider"]
)
FALLBACK_SENDS = Counter(
    "gatecall_fallback_sends", "Messages handed to a channel's second provider.", ["channel"]
)
SERVICE_MESSAGES = Counter(
    "gatecall_service_messages",
    "Hand-overs of sign-in links, codes and test messages, by kind and outcome.",
    ["channel", "kind", "outcome"],
)
RATE_WAITS = Counter(
    "gatecall_rate_waits_seconds", "Time that senders waited for a provider's rate or ramp.", ["channel"]
)
REPORTS = Counter(
    "gatecall_reports", "What providers reported about accepted messages.", ["channel", "state"]
)
INBOUND_TEXTS = Counter("gatecall_inbound_texts", "Texts that people sent to our number.", ["asked"])
TELEGRAM_UPDATES = Counter("gatecall_telegram_updates", "What people said to the bot and pressed.", ["what"])
SUPPRESSIONS = Counter(
    "gatecall_suppressions", "Addresses found to be of no more use, by reason.", ["channel", "reason"]
)
LINKS_STOPPED = Counter(
    "gatecall_links_stopped", "Links of people that were stopped, by reason.", ["channel", "reason"]
)
DUE_AGE = Gauge("gatecall_due_age_seconds", "Age of the oldest due conversation.", ["channel"])
DUE_COUNT = Gauge("gatecall_due", "Conversations that are due.", ["channel"])

# Web
FEED_UPDATES = Counter("gatecall_feed_updates", "Updates taken into the feed.", ["type"])
FEED_REQUESTS = Counter("gatecall_feed_requests", "Requests for the feed, by answer.", ["answer"])
FEED_WAITING = Gauge("gatecall_feed_waiting", "Long polls and streams that wait now.")
FEED_AGE = Gauge("gatecall_feed_age_seconds", "Since Kafka last answered this process.")
