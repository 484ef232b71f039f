"""The WSGI application that a server program loads."""

from web.app import create_app
from web.config import from_environment

app = create_app(from_environment())
