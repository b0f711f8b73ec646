"""Every setting, read from the environment (and .env) in one place.

Names are those other tools already use. All wrong settings are reported at once; secrets never show.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from app import crash_points
from app.airport_settings import AirportSettings
from app.alert_settings import AlertSettings
from app.channels.registry import on as channels_on
from app.domain.clock import DomainClock, real_time
from app.domain.errors import GatecallError
from app.domain.news import Rules, Steps
from app.linked_settings import LinkedSettings
from app.notice_settings import NoticeSettings
from app.people_settings import PeopleSettings

Texts = Annotated[tuple[str, ...], NoDecode]

# A hand-over is begun only while the lease covers it, and the claim and its reads took their time before.
_LEASE_OVER_TIMEOUT_S = 2.0


class SettingsError(GatecallError):
    """Settings are missing or wrong. `problems` has one line for each, all of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(PeopleSettings, LinkedSettings, AirportSettings, AlertSettings, NoticeSettings):
    """The settings of every process; field names in capitals are the environment variables."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    mongodb_uri: SecretStr = Field(
        description="MongoDB with the database's name, a replica set or a sharded cluster."
    )

    kafka_bootstrap_servers: Texts = Field(description="Kafka brokers, host:port, comma separated.")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to talk to Kafka."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="SASL mechanism, when the protocol asks for one."
    )
    kafka_sasl_username: str | None = Field(None, description="SASL user.")
    kafka_sasl_password: SecretStr | None = Field(None, description="SASL password.")
    kafka_ssl_cafile: str | None = Field(
        None, description="File with the certificate authority of the brokers."
    )
    kafka_topic_prefix: str = Field(
        "", pattern=r"^[a-zA-Z0-9._-]*$", description="Put before every topic and consumer group."
    )
    kafka_partitions: int = Field(6, ge=1, le=1000, description="Partitions of the topics that are created.")
    kafka_replication_factor: int = Field(
        -1, ge=-1, description="Copies of each partition; -1 leaves it to the brokers."
    )
    kafka_session_timeout_s: float = Field(
        10.0,
        ge=6,
        le=300,
        description="A consumer that is silent for so long loses its partitions (seconds).",
    )
    kafka_retention_hours: int = Field(
        168, ge=1, description="How long topics keep a change; counts when a topic is made (hours)."
    )

    mail_server: str | None = Field(None, description="SMTP server; without it e-mail is off.")
    mail_port: int = Field(25, ge=1, le=65535, description="SMTP port.")
    mail_username: str | None = Field(None, description="SMTP user.")
    mail_password: SecretStr | None = Field(None, description="SMTP password.")
    mail_use_tls: bool = Field(False, description="STARTTLS after connecting.")
    mail_use_ssl: bool = Field(False, description="TLS from the first byte.")
    mail_default_sender: str = Field("Gatecall <hello@gatecall.example>", description="From: of all mails.")
    mail_bounce_address: str | None = Field(
        None,
        pattern=r"^[^@\s<>]+@[^@\s<>]+$",
        description="Where mail servers send bounces; without it, the address of MAIL_DEFAULT_SENDER.",
    )
    mail_bounce_maildir: str | None = Field(
        None, description="Maildir that bounces arrive in; delivery reads what is new there."
    )
    mail_rate: float | None = Field(
        None, gt=0, description="Most mails a second, of all processes together; without it, as many as go."
    )
    mail_fallback_server: str | None = Field(
        None, description="Second SMTP server, used while the first is down."
    )
    mail_fallback_port: int = Field(25, ge=1, le=65535, description="Its port.")
    mail_fallback_username: str | None = Field(None, description="Its user.")
    mail_fallback_password: SecretStr | None = Field(None, description="Its password.")
    mail_fallback_use_tls: bool = Field(False, description="STARTTLS after connecting to it.")
    mail_fallback_use_ssl: bool = Field(False, description="TLS from the first byte.")
    mail_fallback_rate: float | None = Field(
        None, gt=0, description="Most mails a second to it; without it, MAIL_RATE holds for it too."
    )
    mail_connections: int = Field(
        4, ge=1, le=64, description="Connections to the SMTP server, one per sender."
    )

    twilio_account_sid: str | None = Field(None, description="Twilio account; without it SMS is off.")
    twilio_auth_token: SecretStr | None = Field(None, description="Twilio token.")
    twilio_from: str | None = Field(None, description="Number or messaging service that sends.")
    twilio_api_base_url: str | None = Field(None, description="Another address of the Twilio API, for tests.")
    twilio_from_fallback: str | None = Field(
        None, description="Second number or messaging service, used while the first cannot send."
    )
    twilio_rate: float | None = Field(
        None, gt=0, description="Most texts a second, of all processes together; without it, as many as go."
    )
    twilio_fallback_rate: float | None = Field(
        None,
        gt=0,
        description="Most texts a second by the second one; without it, TWILIO_RATE holds for it too.",
    )
    twilio_connections: int = Field(4, ge=1, le=64, description="Requests to Twilio at the same time.")

    public_url: str = Field(
        "http://localhost:8080", description="Address of the web pages, used in messages."
    )
    secret_key: SecretStr | None = Field(
        None, description="Signs links and the sessions of staff; 32 random characters or more."
    )
    secret_key_fallbacks: SecretStr | None = Field(
        None, description="Earlier SECRET_KEYs whose links still work, comma separated."
    )
    staff_key_hashes: Texts = Field(
        (), description="SHA-256 of the staff keys (`gatecall staff-key` makes one)."
    )
    staff_session_hours: int = Field(
        12, ge=1, le=168, description="Staff sign in again after this time (hours)."
    )
    callback_key_hashes: Texts = Field(
        (), description="SHA-256 of the keys that mail services report with (`gatecall staff-key` makes one)."
    )
    cors_origins: Texts = Field((), description="Origins whose pages may read the feed, comma separated.")
    log_format: Literal["console", "json"] = Field(
        "console", description="Log lines for people or for machines."
    )
    crash_at: str | None = Field(
        None, description="For fault tests alone: die at this step, like `N4.known:2`. Leave it unset."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level that is logged."
    )

    host: str = Field("127.0.0.1", description="Address the web server and the health pages listen on.")
    port: int = Field(8080, ge=1, le=65535, description="Port of the web server.")
    web_workers: int = Field(1, ge=1, le=64, description="Web server processes.")
    health_port: int = Field(
        9100, ge=0, le=65535, description="Health and metrics of the other processes; 0: any."
    )

    settle_s: float = Field(
        2.0, ge=0, le=600, description="Edits within this time become one message (seconds)."
    )
    settle_delete_s: float = Field(
        60.0,
        ge=0,
        le=3600,
        description="A deleted flight is told after this time, unless it comes back (seconds).",
    )
    delay_step_min: int = Field(15, ge=5, le=240, description="A delay is told at each such step (minutes).")
    reschedule_step_min: int = Field(
        10, ge=5, le=240, description="A new schedule is told from this on (minutes)."
    )
    gate_window_h: int = Field(
        24, ge=1, le=168, description="Gate and terminal are told this long before (hours)."
    )
    floor_step_min: int = Field(
        5, ge=1, le=15, description="Smaller changes are not even recorded as news (minutes)."
    )

    lease_s: float = Field(
        30.0, ge=1, le=600, description="Lease of a watched collection, of digests (seconds)."
    )
    claim_lease_s: float = Field(60.0, ge=2, le=600, description="Lease of a claimed conversation (seconds).")
    send_timeout_s: float = Field(
        20.0, ge=0.1, le=300, description="Deadline of one hand-over to a provider."
    )
    send_attempts: int = Field(12, ge=1, le=100, description="Tries before a message is failed for good.")
    conversation_keep_days: int = Field(
        30, ge=1, description="Conversations end so long after their flight (days)."
    )
    ledger_keep_days: int = Field(396, ge=1, description="Notifications are kept so long (days; 13 months).")
    decision_keep_days: int = Field(
        30, ge=1, description="Decisions not to tell anybody are kept so long (days)."
    )
    why_link_days: int = Field(
        90, ge=1, description='The link "Why this message?" works so long after the change (days).'
    )

    feed_hours: int = Field(24, ge=1, le=744, description="How far back the feed reaches (hours).")
    feed_updates: int = Field(50_000, ge=100, description="Most updates the feed keeps in memory.")
    feed_waiting: int = Field(
        200, ge=0, le=2000, description="Long polls and streams a web worker keeps waiting."
    )
    stale_s: float = Field(30.0, ge=1, description="Data older than this is called STALE (seconds).")

    demo: bool = Field(False, description="Set by the demo; allows its clock. Never in production.")
    demo_clock_start: datetime | None = Field(None, description="What the demo's clock shows at its origin.")
    demo_clock_origin: datetime | None = Field(None, description="When the demo's clock was started, really.")
    demo_clock_rate: float = Field(1.0, gt=0, le=100_000, description="How fast the demo's clock runs.")

    @field_validator(
        *("kafka_bootstrap_servers", "staff_key_hashes", "callback_key_hashes", "cors_origins"), mode="before"
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for server in value:
            host, colon, port = server.rpartition(":")
            if not (host and colon and port.isdigit()):
                raise ValueError(f'{server!r} is not host:port; write it like "localhost:9092"')
        if not value:
            raise ValueError('name at least one broker, like "localhost:9092"')
        return value

    @field_validator("mongodb_uri")
    @classmethod
    def _uri(cls, value: SecretStr) -> SecretStr:
        try:
            parsed = parse_uri(value.get_secret_value())
        except (PyMongoError, ValueError) as error:
            raise ValueError(
                f"not a MongoDB address ({type(error).__name__}); write mongodb://host:port/gatecall"
            ) from None
        if not parsed["database"]:
            raise ValueError(
                "the database's name is missing; write mongodb://host:port/gatecall?replicaSet=rs0"
            )
        return value

    @field_validator("staff_key_hashes", "callback_key_hashes")
    @classmethod
    def _hashes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(h) != 64 or set(h) - set("0123456789abcdef") for h in value):
            raise ValueError("each is 64 hexadecimal digits; `gatecall staff-key` makes a key and its hash")
        return value

    @field_validator("crash_at")
    @classmethod
    def _step(cls, value: str | None) -> str | None:
        if value is not None and (problem := crash_points.problem(value)):
            raise ValueError(problem)
        return value

    @field_validator("public_url")
    @classmethod
    def _base(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("begin with https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _together(self) -> Self:
        problems = []
        if self.twilio_account_sid and not (self.twilio_auth_token and self.twilio_from):
            problems.append("TWILIO_ACCOUNT_SID needs TWILIO_AUTH_TOKEN and TWILIO_FROM")
        if self.mail_use_tls and self.mail_use_ssl:
            problems.append("MAIL_USE_TLS and MAIL_USE_SSL exclude each other")
        if self.mail_fallback_use_tls and self.mail_fallback_use_ssl:
            problems.append("MAIL_FALLBACK_USE_TLS and MAIL_FALLBACK_USE_SSL exclude each other")
        if self.kafka_security_protocol.startswith("SASL") and not (
            self.kafka_sasl_mechanism and self.kafka_sasl_username and self.kafka_sasl_password
        ):
            problems.append(
                "KAFKA_SECURITY_PROTOCOL with SASL needs KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD"
            )
        if self.claim_lease_s < self.send_timeout_s + _LEASE_OVER_TIMEOUT_S:
            problems.append(
                f"CLAIM_LEASE_S must be at least {_LEASE_OVER_TIMEOUT_S:.0f} s longer than SEND_TIMEOUT_S,"
                " or nothing would ever be sent"
            )
        if (self.demo_clock_start or self.demo_clock_origin or self.demo_clock_rate != 1.0) and not self.demo:
            problems.append(
                "DEMO_CLOCK_* is for the demo alone: unset it, or set DEMO=1 on a system nobody relies on"
            )
        if (self.demo_clock_start is None) != (self.demo_clock_origin is None):
            problems.append("DEMO_CLOCK_START and DEMO_CLOCK_ORIGIN go together")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def database(self) -> str:
        """The name of the database in MONGODB_URI."""
        return str(parse_uri(self.mongodb_uri.get_secret_value())["database"])

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels whose settings are there, in the order of their priority for people."""
        return channels_on(self)

    @property
    def signing_keys(self) -> tuple[str, ...]:
        """What links are signed with: the present key first, then earlier ones. () signs nothing."""
        if self.secret_key is None:
            return ()
        earlier = self.secret_key_fallbacks.get_secret_value() if self.secret_key_fallbacks else ""
        return (
            self.secret_key.get_secret_value(),
            *(key.strip() for key in earlier.split(",") if key.strip()),
        )

    @property
    def is_public(self) -> bool:
        """Whether others can be told to call PUBLIC_URL: it names neither this machine nor a private network."""
        host = urlsplit(self.public_url).hostname or ""
        try:
            return ip_address(host).is_global
        except ValueError:
            return "." in host and not host.endswith((".local", ".localhost", ".internal", ".test"))

    @property
    def domain_clock(self) -> DomainClock:
        """The clock of the airports: real, except in the demo."""
        if self.demo_clock_start is None or self.demo_clock_origin is None:
            return real_time()
        return DomainClock(
            _aware(self.demo_clock_start), _aware(self.demo_clock_origin), self.demo_clock_rate
        )

    @property
    def rules(self) -> Rules:
        """What people hear who have chosen nothing."""
        steps = Steps(timedelta(minutes=self.delay_step_min), timedelta(minutes=self.reschedule_step_min))
        return Rules(steps, timedelta(hours=self.gate_window_h))

    @property
    def floor(self) -> Steps:
        """The smallest steps anyone can choose."""
        step = timedelta(minutes=self.floor_step_min)
        return Steps(step, step)


def load(**overrides: Any) -> Settings:
    """Settings from the environment and .env; overrides win.

    Raises SettingsError with every problem at once.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(_all_problems(error, overrides)) from None


def _all_problems(error: ValidationError, overrides: dict[str, Any]) -> list[str]:
    """What is wrong with single settings, and then what does not go together, with the wrong ones set aside.

    pydantic looks at what goes together only when every single one is right.
    """
    errors = error.errors(include_input=False, include_url=False)
    problems = [_sentence(e) for e in errors]
    wrong = {str(e["loc"][0]) for e in errors if e["loc"]}
    if wrong:
        right: dict[str, Any] = {"mongodb_uri": "mongodb://host/name", "kafka_bootstrap_servers": "host:1"}
        right |= {n: f.default for n, f in Settings.model_fields.items() if not f.is_required()}
        try:
            Settings(**(overrides | {name: right[name] for name in wrong}))
        except ValidationError as second:
            problems += [_sentence(e) for e in second.errors(include_input=False, include_url=False)]
    return problems


def _sentence(error: Any) -> str:
    name = "_".join(str(part) for part in error["loc"]).upper()
    if error["type"] == "missing":
        field = Settings.model_fields[str(error["loc"][0])]
        return f"{name} is missing: {field.description}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{name}: {message}" if name else message


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
