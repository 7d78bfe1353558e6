"""Where a demonstration stands."""

import os
import stat

import pytest

from rx_review.demo.ground import DATABASE, empty_folder, lay_ground
from rx_review.errors import EnvironmentFault, InputError
from rx_review.store import schema


def test_a_new_folder_gets_keys_that_only_its_owner_reads_and_an_empty_database(tmp_path):
    ground = lay_ground(empty_folder(tmp_path / "new"))
    try:
        with ground.database.read() as connection:
            assert schema.current(connection) == schema.head()
    finally:
        ground.database.close()
    assert (ground.folder / DATABASE).exists()
    for path in (ground.folder / "keys").iterdir():
        assert path.name.endswith(".pub.pem") or stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_with_anything_in_it_is_refused(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(InputError, match="not empty"):
        empty_folder(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        empty_folder(tmp_path / "new")
    tmp_path.chmod(0o700)


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="not a folder"):
        empty_folder(tmp_path / "file" / "new")
