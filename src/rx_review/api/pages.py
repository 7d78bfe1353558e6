"""The API's pages for people who write a client, from this package's own files: hospital networks see nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse

from rx_review.errors import EnvironmentFault, Fault

_HERE = Path(__file__).resolve().parent
_SWAGGER = _HERE / "vendor" / "swagger-ui"
FILES = {
    "swagger-ui.css": (_SWAGGER / "swagger-ui.css", "text/css"),
    "swagger-ui-bundle.js": (_SWAGGER / "swagger-ui-bundle.js", "text/javascript"),
    "docs.js": (_HERE / "static" / "docs.js", "text/javascript"),
}
HEADERS = {
    # The icons of the style sheet are data; nothing else comes from anywhere but here.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# One day: a page after an upgrade may be a day old, its answers never are.
_KEPT = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}

# All addresses are relative, so that the page works below any prefix of a proxy.
_PAGE = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui" data-openapi="{openapi}"></div>
<noscript>此页面需要 JavaScript。接口说明：<a href="{openapi}">OpenAPI</a></noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/docs.js"></script>
</body>
</html>
"""


def offline_docs(app: FastAPI) -> None:
    """Add `/docs` to an application, which must be made with `docs_url=None` and have an `openapi_url`.

    Raises:
        EnvironmentFault: a file of the page is not in the installed package.
    """
    absent = [path for path, _ in FILES.values() if not path.is_file()]
    if absent:
        raise EnvironmentFault(
            *(
                Fault(str(path), "no such file", "install the package again", "缺少文件；请重新安装本软件包")
                for path in absent
            )
        )
    page = _PAGE.format(title=escape(app.title), openapi=escape((app.openapi_url or "").lstrip("/")))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page, headers=HEADERS)

    for name, (path, media_type) in FILES.items():
        app.add_api_route(f"/docs/{name}", _sender(path, media_type), include_in_schema=False)


def _sender(path: Path, media_type: str) -> Callable[[], Awaitable[FileResponse]]:
    async def send() -> FileResponse:
        return FileResponse(path, media_type=media_type, headers=_KEPT)

    return send
