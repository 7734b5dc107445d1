"""Random histories: whatever order the reads are loaded in, raw's latest versions are the same."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from warehouse_helpers import ACCOUNTS, LATEST, PLATFORMS, at, land, line, rows

from extractors.landing import Landing
from warehouse.load import load_pending

KEYS = "abcdefghijkl"
UNDATED = "abcdef"


def mark(landing: Landing, manifest) -> None:
    landing.store.put_text(f"_pending/{manifest.id.replace('/', '~')}.json", json.dumps({"id": manifest.id}))


def land_history(landing: Landing, chance: random.Random) -> tuple[list, dict[str, str]]:
    """Reads of a few records that change, or not, with and without a modified time; and what is true last."""
    truth: dict[str, tuple] = {}
    manifests = []
    modified = {key: at(1) for key in KEYS}
    value = dict.fromkeys(KEYS, 0)
    for read in range(8):
        lines = []
        for key in KEYS:
            if chance.random() < 0.5:
                value[key] = chance.randrange(2)
                if chance.random() < 0.5:
                    modified[key] = at(1 + read + chance.random())
            if chance.random() < 0.8:
                cursor = None if key in UNDATED else modified[key]
                lines.append(line(key, cursor, {"v": value[key]}))
                stands = (
                    cursor or at(26 + read),
                    at(26 + read),
                    json.dumps({"v": value[key]}, separators=(",", ":")),
                )
                truth[key] = max(truth.get(key, stands), stands)
        manifests.append(land(landing, lines, read_at=at(26 + read)))
    return manifests, {key: stands[2] for key, stands in truth.items()}


@pytest.mark.parametrize("seed", range(12))
def test_any_order_of_loading_ends_in_the_same_latest_versions(tmp_path: Path, seed: int):
    chance = random.Random(seed)
    landing = Landing(tmp_path / "landing")
    manifests, truth = land_history(landing, chance)
    for manifest in manifests:
        landing.loaded(manifest)
    chance.shuffle(manifests)
    warehouse = tmp_path / "w.duckdb"
    while manifests:
        batch, manifests = manifests[: (size := chance.randrange(1, 4))], manifests[size:]
        for manifest in batch:
            mark(landing, manifest)
        load_pending(landing, warehouse, PLATFORMS, ACCOUNTS)
    assert {key: payload for _, key, payload in rows(warehouse, LATEST)} == truth
    assert set(truth) == set(KEYS)
