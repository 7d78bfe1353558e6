"""The four profiles read their samples into exactly what a person wrote down for each."""

import json

import pytest
from tests.intake.conftest import SAMPLES

from rx_review.domain.prescription import Prescription
from rx_review.errors import InputError
from rx_review.intake import read_site
from rx_review.library.site_fields import CARRIED

FILES = {
    "village-rows": ("village-rows.csv", None),
    "township-json": ("township-json.json", None),
    "hospital-nested": ("hospital-nested.json", None),
    "national-7101": ("national-7101.jsonl", "SAMPLE-T02"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_sample_reads_as_expected(profiles, name):
    file, institution = FILES[name]
    found = list(read_site((SAMPLES / file).read_bytes(), profiles[name], institution, ""))
    expected = json.loads((SAMPLES / f"{name}.expected.json").read_text(encoding="utf-8"), parse_float=str)
    assert len(found) == len(expected) >= 5
    for sheet, wanted in zip(found, expected, strict=True):
        if "faults" in wanted:
            assert isinstance(sheet, InputError), sheet
            assert len(sheet.faults) == len(wanted["faults"]), sheet
            for fault, words in zip(sheet.faults, wanted["faults"], strict=True):
                where, what = words.split(" | ")
                assert fault.where == where
                assert fault.what.startswith(what), fault.what
                assert fault.do
                assert fault.zh
        else:
            assert sheet == Prescription.model_validate(wanted)


def test_every_profile_has_a_sample(profiles):
    assert set(profiles) == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_the_order_of_bytes_as_they_come_changes_nothing(profiles, name):
    file, institution = FILES[name]
    data = (SAMPLES / file).read_bytes()
    whole = list(read_site(data, profiles[name], institution, "f"))
    in_parts = list(read_site([data[n : n + 7] for n in range(0, len(data), 7)], profiles[name], institution, "f"))
    assert [str(found) for found in whole] == [str(found) for found in in_parts]


def test_the_profiles_say_what_their_systems_lack(profiles):
    assert "signatures" in profiles["village-rows"].lacks
    assert profiles["hospital-nested"].lacks == {"consents", "consultation", "guardian", "long_term_record"}
    assert {"reasons", "skin_test", "decoction"} <= profiles["national-7101"].lacks
    assert all(site.lacks <= CARRIED for site in profiles.values())


def test_every_profile_is_titled_as_a_sample(profiles):
    assert all("SAMPLE" in site.title.zh and "SAMPLE" in site.title.en for site in profiles.values())
