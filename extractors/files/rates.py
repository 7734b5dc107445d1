"""Currency rates come by file drop, too: data/inbox/fx_rates/, whatever accounts there are."""

from __future__ import annotations

from extractors.accounts import Account
from extractors.files.partition import PLATFORM

FOLDER = "fx_rates"
# Rates belong to no store: this account is in no accounts.yml and so in no mart.
ACCOUNT = Account(
    id=f"{PLATFORM}__fx_rates",
    platform=PLATFORM,
    name="Currency rates",
    store_id="fx_rates",
    time_zone="UTC",
    currency="USD",
    options={"mapping": "fx_rates"},
)
