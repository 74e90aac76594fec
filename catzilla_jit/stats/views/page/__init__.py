"""The page in a browser: one document, one script, one style sheet, and how they are served.

The web app and `catzilla-jit dashboard` serve the same files. The page asks for `live` beside
itself, so it works under any prefix. Nothing of it comes from elsewhere, and the policy that is
sent along lets the browser load nothing else.
"""

from __future__ import annotations

from importlib import resources

#: Sent with each file. No inline script or style runs, no other site frames the page.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

#: Where each file is, relative to the page's own address, and what it is.
FILES = {
    "dashboard": ("page.html", "text/html; charset=utf-8"),
    "dashboard/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "dashboard/page.css": ("page.css", "text/css; charset=utf-8"),
    "dashboard/icon.svg": ("icon.svg", "image/svg+xml"),
}


def read(path: str) -> tuple[bytes, str]:
    """Return a file's content and its media type; LookupError if there is no such file."""
    name, kind = FILES[path]
    return (resources.files(__name__) / name).read_bytes(), kind
