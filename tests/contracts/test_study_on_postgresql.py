"""A study whose scores are on a database server: two rooms at once."""

from __future__ import annotations

from pathlib import Path

import pytest

import postgres
from amgs.errors import StoreError
from amgs.study import Study
from amgs.tables import write_table


def test_two_rooms_share_a_study(postgres_address: str, tmp_path: Path, make_image) -> None:
    """What is scored in one is there in the other; nothing is in study.db."""
    folder = tmp_path / "study"
    Study.create(folder, seed=1).store.close()
    settings = folder / "study.toml"
    address = postgres.new_database(postgres_address)
    text = settings.read_text(encoding="utf-8").replace('database = ""', f'database = "{address}"')
    settings.write_text(text, encoding="utf-8")
    for number in range(6):
        make_image(f"study/videos/m{number % 2}/{number}.png")
    columns = ("animal", "group", "timepoint", "video")
    rows = [("m0", "a", "baseline", "videos/m0"), ("m1", "b", "baseline", "videos/m1")]
    write_table(folder / "recordings.csv", columns, rows)
    with Study.open(folder) as first, Study.open(folder) as second:
        first.extract()
        assert second.store.faces.count() == 6
        ada, bo = first.room().sign_in("Ada"), second.room().sign_in("Bo")
        for study, rater in ((first, ada.rater), (second, bo.rater)):
            for shown in study.store.scoring.order(rater.id):
                for unit in study.scale.unit_names:
                    study.room().answer(shown, unit, 1)
        assert second.agreement()["images_by_rater"] == {"Ada": 6, "Bo": 6}
        assert second.room().sign_in("Ada", ada.code or "").rater.id == ada.rater.id
        assert first.label()[1]["pain"] == 6


def test_a_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    folder = tmp_path / "study"
    Study.create(folder).store.close()
    settings = folder / "study.toml"
    text = settings.read_text(encoding="utf-8")
    wrong = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    settings.write_text(text.replace('database = ""', f'database = "{wrong}"'), encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be opened"):
        Study.open(folder)
