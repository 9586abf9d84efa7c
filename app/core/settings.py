"""Every setting there is: names, defaults, meaning. The only module that reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.core import setting_fields
from app.core.llm_settings import Agent as Agent
from app.core.llm_settings import Llm as Llm
from app.core.setting_fields import (
    NotNegative,
    Port,
    Positive,
    Probability,
    Secret,
    SettingDoc,
    Speed,
    setting,
)
from app.core.webrtc_settings import WebRtc as WebRtc

OWN_PREFIX = "PARLEY_"


@dataclass(frozen=True, slots=True)
class Server:
    host: str = setting("PARLEY_HOST", "127.0.0.1", "Address to listen on; `--host`")
    port: Port = setting("PARLEY_PORT", 9000, "Port of the whole API; `--port`")
    dev_ports: bool = setting(
        "PARLEY_DEV_PORTS",
        False,
        "Also listen, on loopback and without tokens, on 8001 8002 8003 8000 8765 7030; "
        "`--dev-ports`",
    )
    frontend_url: str = setting(
        "FRONTEND_URL", "http://localhost:3000", "Origins allowed by CORS, comma-separated"
    )
    public_url: str = setting(
        "PARLEY_PUBLIC_URL", "http://localhost:9000", "Address under which browsers reach this"
    )
    trusted_proxies: str = setting(
        "PARLEY_TRUSTED_PROXIES",
        "",
        "Addresses or networks whose X-Forwarded-* headers are believed, comma-separated",
    )
    gateway_rate_per_minute: NotNegative = setting(
        "PARLEY_GATEWAY_RATE_PER_MINUTE",
        6000,
        "Requests a minute of one token, or of one address without one, to the gateway; 0: any",
    )
    max_body_mb: Positive = setting(
        "PARLEY_MAX_BODY_MB", 16, "Largest request body other than an upload, in MiB"
    )
    max_upload_mb: Positive = setting(
        "PARLEY_MAX_UPLOAD_MB", 2048, "Largest upload of audio or video, in MiB"
    )
    max_audio_s: Positive = setting(
        "PARLEY_MAX_AUDIO_S", 12 * 3600, "Longest recording that is accepted, in seconds"
    )
    max_streams: Positive = setting(
        "PARLEY_MAX_STREAMS",
        50,
        "Live streams that are recognized at once; more get close code 1013",
    )
    loopback_can_be_allowed: bool = setting(
        "PARLEY_LOOPBACK_CAN_BE_ALLOWED",
        False,
        "Whether a rule of `orgs allow` may open this machine's own addresses",
    )
    drain_s: NotNegative = setting(
        "PARLEY_DRAIN_S", 20, "Seconds that open requests and calls get to finish at shutdown"
    )


@dataclass(frozen=True, slots=True)
class Storage:
    data_dir: Path = setting("PARLEY_DATA_DIR", Path("data"), "Everything kept; `--data-dir`")
    database_url: Secret = setting(
        "DATABASE_URL", Secret(""), "PostgreSQL to use; without it one is started under the data"
    )
    database_pool: Positive = setting("PARLEY_DATABASE_POOL", 20, "Database connections at most")
    redis_url: Secret = setting(
        "REDIS_URL", Secret(""), "Redis or Valkey for what replicas share; needed from two on"
    )
    storage_mode: Literal["sqlite", "firestore"] = setting(
        "STORAGE_MODE", "sqlite", "Accepted for compatibility; everything is kept in PostgreSQL"
    )


@dataclass(frozen=True, slots=True)
class Models:
    directory: Path | None = setting(
        "PARLEY_MODELS", None, "Where weights are kept; default: parley/models in the user's cache"
    )
    memory_mb: Positive = setting(
        "PARLEY_MODEL_MEMORY_MB", 8192, "Memory that loaded models may take, in MiB"
    )
    warm_up: bool = setting(
        "PARLEY_WARM_UP",
        True,
        "Load what speaks and hears at start: the first caller does not wait",
    )
    lm_memory_mb: Positive = setting(
        "PARLEY_LM_MEMORY_MB",
        1024,
        "Memory that `lm build` may sort in before it takes disk, in MiB",
    )
    device: Literal["auto", "cpu", "cuda"] = setting("ASR_DEVICE", "auto", "Inference device")
    whisper_window: Literal["fitted", "full"] = setting(
        "PARLEY_WHISPER_WINDOW",
        "fitted",
        "What Whisper hears an utterance in: a window fitted to it, or its own full 30 s, slower",
    )
    commercial: bool = setting(
        "PARLEY_COMMERCIAL",
        False,
        "Refuse weights that were trained on data that may not be used commercially",
    )
    variant: Literal[
        "en-tiny", "hinglish", "en-lite", "en-full", "multi-full", "multi-zh", "all"
    ] = setting("VARIANT", "en-full", "Set of speech models to serve")


@dataclass(frozen=True, slots=True)
class Auth:
    mode: Literal["local", "remote", "hybrid"] = setting(
        "AUTH_MODE", "local", "Where API tokens are checked; hybrid: here, then remotely"
    )
    remote_url: str = setting(
        "PARLEY_AUTH_REMOTE_URL", "", "What checks them remotely: GET /api-tokens/validate of it"
    )
    db_path: Path | None = setting(
        "AUTH_DB_PATH", None, "SQLite token database of an earlier gateway, imported once"
    )
    internal_secret: Secret = setting(
        "GATEWAY_INTERNAL_SECRET", Secret("auto"), "Shared secret between services; auto: made"
    )
    secret_key: Secret = setting(
        "PARLEY_SECRET_KEY",
        Secret(""),
        "Master key of hashes and encryption, the same for all replicas; older keys after commas; "
        "default: made once under the data",
    )
    hipaa_mode: bool = setting(
        "HIPAA_MODE", False, "One-hour sessions, encrypted data, nothing about people in logs"
    )
    encrypted_at_rest: bool = setting(
        "PARLEY_ENCRYPTED_AT_REST",
        False,
        "The operator's word, for HIPAA_MODE, that the disks of data and database are encrypted",
    )
    google_client_id: str = setting("GOOGLE_CLIENT_ID", "", "Sign-in with Google")
    google_client_secret: Secret = setting("GOOGLE_CLIENT_SECRET", Secret(""), "Its client secret")
    google_issuer: str = setting(
        "PARLEY_GOOGLE_ISSUER", "https://accounts.google.com", "Who is asked for that sign-in"
    )
    oidc_issuer: str = setting(
        "PARLEY_OIDC_ISSUER",
        "",
        "OpenID Connect issuer whose tokens are accepted beside API keys; Firebase's is "
        "https://securetoken.google.com/ and the project",
    )
    oidc_audience: str = setting(
        "PARLEY_OIDC_AUDIENCE", "", "Whom those tokens must be for; Firebase: the project"
    )


@dataclass(frozen=True, slots=True)
class Accounts:
    """Of users, who sign in with a password."""

    sign_up: Literal["open", "invited", "closed"] = setting(
        "PARLEY_SIGNUP",
        "open",
        "Who may sign up: everybody, whoever was invited, nobody; guests come in only where open",
    )
    requires_verified_email: bool = setting(
        "PARLEY_REQUIRE_VERIFIED_EMAIL",
        False,
        "Whether users must confirm their e-mail address before they sign in",
    )
    attempts_per_address: Positive = setting(
        "PARLEY_ATTEMPTS_PER_ADDRESS",
        100,
        "Tries of one kind from one address in 15 minutes: passwords, sign-ups, guests, letters",
    )
    cookies_without_tls: bool = setting(
        "PARLEY_COOKIES_WITHOUT_TLS",
        False,
        "Whether browsers may send session cookies over plain HTTP; localhost needs no leave",
    )


@dataclass(frozen=True, slots=True)
class Quotas:
    """Of each organization that has none of its own; 0 is no limit."""

    concurrent_calls: NotNegative = setting(
        "PARLEY_QUOTA_CONCURRENT_CALLS", 0, "Calls of one organization at once; 0: any"
    )
    concurrent_streams: NotNegative = setting(
        "PARLEY_QUOTA_CONCURRENT_STREAMS", 0, "Audio streams of one organization at once; 0: any"
    )
    audio_minutes_per_month: NotNegative = setting(
        "PARLEY_QUOTA_AUDIO_MINUTES_PER_MONTH",
        0,
        "Minutes of audio of one organization in a calendar month (UTC); 0: any",
    )


@dataclass(frozen=True, slots=True)
class Email:
    smtp_host: str = setting(
        "PARLEY_SMTP_HOST", "", "Mail server; without one letters are kept, see `mail list`"
    )
    smtp_port: Port | None = setting(
        "PARLEY_SMTP_PORT", None, "Its port; default: 587, 465 for implicit, 25 for none"
    )
    smtp_user: str = setting("PARLEY_SMTP_USER", "", "Its user, if it asks for one")
    smtp_password: Secret = setting("PARLEY_SMTP_PASSWORD", Secret(""), "That user's password")
    smtp_tls: Literal["starttls", "implicit", "none"] = setting(
        "PARLEY_SMTP_TLS", "starttls", "How it is protected; none only on this machine"
    )
    smtp_from: str = setting("PARLEY_SMTP_FROM", "", "Address that letters come from")
    smtp_from_name: str = setting("PARLEY_SMTP_FROM_NAME", "Parley", "Name that they come from")


@dataclass(frozen=True, slots=True)
class Telephony:
    twilio_account_sid: str = setting("TWILIO_ACCOUNT_SID", "", "Twilio account")
    twilio_auth_token: Secret = setting("TWILIO_AUTH_TOKEN", Secret(""), "Twilio token")
    twilio_phone_number: str = setting("TWILIO_PHONE_NUMBER", "", "Number that calls come from")
    twilio_api_url: str = setting(
        "PARLEY_TWILIO_API_URL",
        "https://api.twilio.com",
        "Twilio's interface; of a region: https://api.dublin.ie1.twilio.com",
    )
    twilio_webhook_key: Secret = setting(
        "PARLEY_TWILIO_WEBHOOK_KEY",
        Secret(""),
        "Shared key that Twilio signs callbacks with where the account has one; else the token",
    )


@dataclass(frozen=True, slots=True)
class Video:
    context_url: str = setting(
        "VIDEO_CONTEXT_URL", "http://127.0.0.1:8002", "Video service that agents ask"
    )
    llm_backend: Literal["auto", "anthropic", "gemini", "custom"] = setting(
        "VIDEO_LLM_BACKEND", "auto", "Language model that describes scenes"
    )
    llm_model: str = setting("VIDEO_LLM_MODEL", "auto", "Its model id")


@dataclass(frozen=True, slots=True)
class Vad:
    backend: Literal["energy", "silero", "webrtc"] = setting(
        "VAD_BACKEND",
        "energy",
        "Voice activity detector of the session family; everything else has silero",
    )
    threshold: Probability = setting("VAD_THRESHOLD", 0.5, "Probability that it counts as speech")
    min_speech_ms: Positive = setting(
        "VAD_MIN_SPEECH_DURATION", 100, "Shorter sounds are not speech there, in ms"
    )
    min_silence_ms: Positive = setting(
        "VAD_MIN_SILENCE_DURATION",
        500,
        "Silence that ends a turn there, in ms, unless more is expected",
    )


@dataclass(frozen=True, slots=True)
class Asr:
    """What is not set is the server's usual: `app/wiring/voice_sessions.py`."""

    backend: Literal["qwen", "ollama-whisper", "openai"] | None = setting(
        "ASR_BACKEND",
        None,
        "Server that recognizes speech for the session family; default: Parley does, and qwen "
        "where ASR_BASE_URL is set",
    )
    base_url: str = setting(
        "ASR_BASE_URL",
        "",
        "Its address; default: http://127.0.0.1:8000 for qwen, http://127.0.0.1:11434 for "
        "ollama-whisper, https://api.openai.com for openai",
    )
    api_key: Secret = setting("ASR_API_KEY", Secret(""), "Its key")
    model: str = setting("ASR_MODEL", "", "Its model id; default: qwen-audio, whisper or whisper-1")
    language: str = setting(
        "ASR_LANGUAGE", "", "Language spoken in the session family; default: the agent's"
    )


@dataclass(frozen=True, slots=True)
class Tts:
    """What TTS_BASE_URL, TTS_MODEL and TTS_VOICE say by default is for the engine openai: the
    others have their own."""

    engine: Literal["kokoro", "openai", "elevenlabs", "sarvam"] = setting(
        "TTS_ENGINE",
        "kokoro",
        "Who speaks: kokoro, here; openai, a server that speaks OpenAI's protocol; a vendor",
    )
    backend: Literal["qwen", "ollama", "openai"] | None = setting(
        "TTS_BACKEND",
        None,
        "What that server is; all of these speak OpenAI's protocol. Where TTS_ENGINE is kokoro it "
        "speaks for the session family alone",
    )
    base_url: str = setting("TTS_BASE_URL", "http://127.0.0.1:8000", "Its address")
    api_key: Secret = setting("TTS_API_KEY", Secret(""), "Its key, or the vendor's")
    model: str = setting("TTS_MODEL", "qwen-tts", "Its model id")
    voice: str = setting(
        "TTS_VOICE",
        "default",
        "Its voice, or several with commas between; the first is the default",
    )
    speed: Speed = setting("TTS_SPEED", 1.0, "Its speed where callers ask for 1; 0.5 to 2.0")
    most_voices: Positive = setting(
        "PARLEY_MAX_VOICES",
        32,
        "Voices that speak at once; fewer where the machine is too slow for so many without gaps",
    )
    cache_mb: NotNegative = setting(
        "PARLEY_PHRASE_CACHE_MB", 64, "Memory for phrases that are said again, in MiB"
    )


@dataclass(frozen=True, slots=True)
class Observability:
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = setting(
        "PARLEY_LOG_LEVEL", "INFO", "Least severity that is logged"
    )
    log_format: Literal["console", "json"] = setting(
        "PARLEY_LOG_FORMAT", "console", "Lines for people or for a log store"
    )
    otlp_endpoint: str = setting(
        "PARLEY_OTLP_ENDPOINT", "", "OpenTelemetry collector (OTLP over HTTP); empty: no traces"
    )


@dataclass(frozen=True, slots=True)
class Settings:
    server: Server = field(default_factory=Server)
    storage: Storage = field(default_factory=Storage)
    models: Models = field(default_factory=Models)
    auth: Auth = field(default_factory=Auth)
    accounts: Accounts = field(default_factory=Accounts)
    quotas: Quotas = field(default_factory=Quotas)
    email: Email = field(default_factory=Email)
    llm: Llm = field(default_factory=Llm)
    agent: Agent = field(default_factory=Agent)
    telephony: Telephony = field(default_factory=Telephony)
    webrtc: WebRtc = field(default_factory=WebRtc)
    video: Video = field(default_factory=Video)
    vad: Vad = field(default_factory=Vad)
    asr: Asr = field(default_factory=Asr)
    tts: Tts = field(default_factory=Tts)
    observability: Observability = field(default_factory=Observability)


def process_environment() -> dict[str, str]:
    """A copy of the environment, for laying command-line options over it and for children."""
    return dict(os.environ)  # noqa: TID251


def load(environ: Mapping[str, str]) -> Settings:
    """Command-line options are laid over the environment by the caller, under the same names."""
    setting_fields.refuse_unknown(Settings, environ, OWN_PREFIX)
    return setting_fields.parse(Settings, environ)


def describe() -> list[SettingDoc]:
    return setting_fields.describe(Settings)


def misspellings(environ: Mapping[str, str]) -> list[str]:
    return setting_fields.misspellings(Settings, environ)


def model_store(settings: Settings, environ: Mapping[str, str]) -> Path:
    """The one place on this machine where weights are kept, shared by every clone."""
    if settings.models.directory:
        return settings.models.directory.expanduser().absolute()
    cache = environ.get("XDG_CACHE_HOME")
    root = Path(cache) if cache and Path(cache).is_absolute() else Path.home() / ".cache"
    return root / "parley" / "models"
