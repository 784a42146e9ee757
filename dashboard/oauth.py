"""Logins at another house (GitHub, Google, Okta, ...): OAuth as Panel has it, with roles by e-mail from the users file.

Panel's own words for what a provider wants (``PANEL_OAUTH_SCOPE``, and the addresses of a ``generic`` one) are read from the
environment as Panel documents it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import panel as pn
from panel.auth import AUTH_PROVIDERS, OAuthProvider
from tornado.web import HTTPError, RequestHandler

from dashboard.login import LOGIN, LOGOUT, Gate, Logout
from qsocore.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class OAuth:
    """What a provider knows this server by.

    Parameters
    ----------
    provider : str
        Panel's word for it, such as "github", "google" or "generic".
    key, secret : str
        Client id and client secret.
    redirect : str
        Address of this server as the provider sends people back to it; by default that which they came by.
    """

    provider: str
    key: str
    secret: str
    redirect: str = ""


class Elsewhere(OAuthProvider):
    """Panel's OAuth, for those who are in the users file."""

    def __init__(self, gate: Gate, oauth: OAuth):
        if oauth.provider not in AUTH_PROVIDERS:
            raise ConfigError(f"there is no provider {oauth.provider!r}", "--oauth",
                              did_you_mean(oauth.provider, AUTH_PROVIDERS))
        self.gate = gate
        told = {"provider": oauth.provider, "key": oauth.key, "secret": oauth.secret, "redirect_uri": oauth.redirect or None,
                "expiry": gate.hours / 24}
        for name, value in told.items():
            setattr(pn.config, f"oauth_{name}", value)
        super().__init__(login_endpoint=LOGIN, logout_endpoint=LOGOUT)

    @property
    def get_user_async(self) -> Any:
        """Asks Panel who it is, then the users file."""
        return self._user

    async def _user(self, handler: RequestHandler) -> str | None:
        framing = self.gate.admit(handler, self.gate.read(handler.get_cookie(self.gate.cookie)))
        if framing is not None:
            return framing
        name = await super().get_user_async(handler)
        if name is None or self.gate.admit(handler, self.gate.new_login(name)) is not None:
            return name
        raise HTTPError(403, reason="You are not among the users of this server")

    @property
    def logout_handler(self) -> type[RequestHandler]:
        """The way out."""
        return OAuthLogout


class OAuthLogout(Logout):
    """Forgets what Panel keeps of a login at another house, and says so; the house itself may still know the person."""

    def get(self) -> None:
        """Clear the cookies."""
        for name in ("user", "id_token", "access_token", "refresh_token", "oauth_expiry"):
            self.clear_cookie(name)
        self.finish("You are logged out here; the house you logged in at may still know you.")
