"""The admin page: one document, assembled from its parts, and its headers.

Its content security policy allows the style and the script by their hashes, and requests to the
server that sent the page; nothing else is loaded.
"""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files


def _part(name: str, package: str = "bulkeic.sandbox.api") -> str:
    return files(package).joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


# Files that all pages share: the sandbox imports nothing of bulkeic, and reads these.
_SHARED = "bulkeic.page_assets"
_STYLE = _part("base.css", _SHARED) + _part("admin_page.css")
_SCRIPT = _part("page_parts.js", _SHARED) + _part("admin_page.js")
BODY = _part("admin_page.html").replace("/*style*/", _STYLE).replace("/*script*/", _SCRIPT).encode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src {_hash(_SCRIPT)}; style-src {_hash(_STYLE)}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
