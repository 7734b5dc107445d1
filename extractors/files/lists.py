"""The merchant's own lists: currency rates, costs and targets, dropped as files into data/inbox/<list>/.

They belong to no account of accounts.yml.
"""

from __future__ import annotations

from dataclasses import dataclass

from extractors.accounts import Account
from extractors.files.fields import Row

PLATFORM = "files"


@dataclass(frozen=True)
class OwnList:
    """A list. name: of its inbox, stream and mapping. row: its kind of row in `fields`. title: for people."""

    name: str
    row: Row
    title: str

    @property
    def account(self) -> Account:
        """The account as which its files are read. It is not in accounts.yml, and so in no mart."""
        return Account(
            id=f"{PLATFORM}__{self.name}",
            platform=PLATFORM,
            name=self.title,
            store_id=self.name,
            time_zone="UTC",
            currency="USD",
            options={"mapping": self.name},
        )


LISTS = (
    OwnList("fx_rates", "rate", "Currency rates"),
    OwnList("unit_costs", "cost", "Costs of goods"),
    OwnList("targets", "target", "Targets"),
)


def list_named(name: str) -> OwnList | None:
    """The list with that name or account id; None when there is none."""
    return next((one for one in LISTS if name in (one.name, one.account.id)), None)
