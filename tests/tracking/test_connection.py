"""Opening the store: what a crash leaves behind is recovered."""

import shutil
import sqlite3
from pathlib import Path

from search.tracking.store.connection import open_store


def test_a_store_whose_process_was_killed_during_a_commit_is_opened(
    empty_store: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mlflow.db"
    shutil.copy(empty_store, path)
    with sqlite3.connect(path) as database:
        database.execute("pragma cache_size = 5")  # so that pages reach the file before the commit
        database.execute("create table large (text)")
        database.executemany("insert into large values (?)", [("x" * 4000,)] * 50)
        database.commit()
        database.execute("update large set text = 'y' || text")
        killed = tmp_path / "killed" / "mlflow.db"
        killed.parent.mkdir()
        for suffix in ("", "-journal"):  # as a kill leaves them
            shutil.copy(f"{path}{suffix}", f"{killed}{suffix}")
        database.rollback()
    database.close()
    open_store(f"sqlite:///{killed}", create=False)
    recovered = sqlite3.connect(killed)
    assert recovered.execute("select count(*) from large where text like 'y%'").fetchone() == (0,)
    recovered.close()
    assert not Path(f"{killed}-journal").exists()
