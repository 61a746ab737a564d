"""What the scoring room and the lab make their pages with: templates, scripts and styles."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined


def open_templates() -> Environment:
    """Return the templates; everything is escaped, and a name that is missing is an error."""
    return Environment(
        loader=PackageLoader("amgs", "web/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def mount_static(app: FastAPI) -> None:
    """Let an app give scripts and styles."""
    folder = Path(str(files("amgs.web") / "static"))
    app.mount("/static", StaticFiles(directory=folder), name="static")
