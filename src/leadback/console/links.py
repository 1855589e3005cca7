"""The addresses of one-time links, which are shown once and passed on by hand."""

from leadback.kit.settings import Settings


def password_link(settings: Settings, network_id: int, token: str) -> str:
    """Where somebody chooses a password."""
    return f"{server_address(settings)}/password/{network_id}/{token}"


def welcome_link(settings: Settings, network_id: int, token: str) -> str:
    """Where the first owner is made."""
    return f"{server_address(settings)}/welcome/{network_id}/{token}"


def server_address(settings: Settings) -> str:
    """Where browsers and buyers reach the server."""
    return (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
