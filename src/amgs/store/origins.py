"""Where rows come from: written down once, however many rows come from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from amgs.provenance import hash_text
from amgs.store import tables
from amgs.store.base import now
from amgs.store.engine import inserted_key


def provenance_id(connection: Connection, document: Mapping[str, Any]) -> int:
    """Write down where rows come from, once, and return its key."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    sha256 = hash_text([text])
    wanted = select(tables.provenance.c.id).where(tables.provenance.c.sha256 == sha256)
    known = connection.execute(wanted).scalar()
    if known is not None:
        return int(known)
    try:
        with connection.begin_nested():
            result = connection.execute(
                insert(tables.provenance).values(sha256=sha256, document=text, created=now())
            )
            return inserted_key(result)
    except IntegrityError:  # another process wrote the same at the same moment
        return int(connection.execute(wanted).scalar_one())
