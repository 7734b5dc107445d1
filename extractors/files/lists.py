"""Lists a merchant keeps and drops as files, whatever accounts there are: data/inbox/<list>/.

Currency rates, what goods cost, what is aimed at: they belong to no store's account.
"""

from __future__ import annotations

from dataclasses import dataclass

from extractors.accounts import Account
from extractors.files.fields import Row

PLATFORM = "files"


@dataclass(frozen=True)
class OwnList:
    """name: of inbox, stream and mapping. row: what a mapping calls its rows. title: for people."""

    name: str
    row: Row
    title: str

    @property
    def account(self) -> Account:
        """The account its files are read as; it is in no accounts.yml and so in no mart."""
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
    """The list of that name or account id; None where there is none."""
    return next((one for one in LISTS if name in (one.name, one.account.id)), None)
