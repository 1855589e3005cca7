"""Which contract and campaign a row means by its names and ids, and which of them are still to be created."""

from collections.abc import Iterable
from typing import Final, TypeVar

from leadback.leads.ingest_model import CampaignNames, ContractNames, NewParty, Rejection
from leadback.leads.ingest_rows import shown
from leadback.parties.model import Affiliate, Buyer, BuyerContract, Campaign, Offer, Vertical
from leadback.parties.rules import ID_MAX, PartyKind

ID_DIGITS_MAX: Final = 10

Owned = TypeVar("Owned", Campaign, BuyerContract)


class Parties:
    """Every party of a network, found by id and by name, as one version of the configuration has them.

    Names go in the name column and ids in the id column, never guessed; where both are given they must agree.
    """

    def __init__(
        self,
        *,
        verticals: Iterable[Vertical],
        offers: Iterable[Offer],
        affiliates: Iterable[Affiliate],
        campaigns: Iterable[Campaign],
        buyers: Iterable[Buyer],
        contracts: Iterable[BuyerContract],
    ) -> None:
        self._names: dict[PartyKind, dict[int, str]] = {
            PartyKind.VERTICAL: {item.vertical_id: item.name for item in verticals},
            PartyKind.OFFER: {item.offer_id: item.name for item in offers},
            PartyKind.AFFILIATE: {item.affiliate_id: item.name for item in affiliates},
            PartyKind.BUYER: {item.buyer_id: item.name for item in buyers},
        }
        self._ids: dict[PartyKind, dict[str, int]] = {
            kind: {name: party_id for party_id, name in names.items()} for kind, names in self._names.items()
        }
        self._campaigns = {item.campaign_id: item for item in campaigns}
        self._contracts = {item.buyer_contract_id: item for item in contracts}
        self._campaigns_by_name: dict[str, list[Campaign]] = {}
        for campaign in self._campaigns.values():
            self._campaigns_by_name.setdefault(campaign.name, []).append(campaign)
        self._contracts_by_name: dict[str, list[BuyerContract]] = {}
        for contract in self._contracts.values():
            self._contracts_by_name.setdefault(contract.name, []).append(contract)
        self._found_contracts: dict[ContractNames, BuyerContract | NewParty | Rejection] = {}
        self._found_campaigns: dict[CampaignNames, Campaign | NewParty | Rejection] = {}

    def contract_of(self, names: ContractNames) -> BuyerContract | NewParty | Rejection:
        """The contract a row means, or the first party that must be created before it can be."""
        found = self._found_contracts.get(names)
        if found is None:
            try:
                found = self._find_contract(names)
            except ValueError as error:
                found = Rejection(str(error))
            self._found_contracts[names] = found
        return found

    def campaign_of(self, names: CampaignNames) -> Campaign | NewParty | Rejection:
        """The campaign a row means, or the first party that must be created before it can be."""
        found = self._found_campaigns.get(names)
        if found is None:
            try:
                found = self._find_campaign(names)
            except ValueError as error:
                found = Rejection(str(error))
            self._found_campaigns[names] = found
        return found

    def add(self, new: NewParty, party_id: int) -> None:
        """A party that has been created since."""
        match new.kind:
            case PartyKind.CAMPAIGN:
                assert new.affiliate_id is not None
                campaign = Campaign(
                    campaign_id=party_id,
                    affiliate_id=new.affiliate_id,
                    offer_id=new.offer_id,
                    name=new.name,
                    active=True,
                )
                self._campaigns[party_id] = campaign
                self._campaigns_by_name.setdefault(new.name, []).append(campaign)
            case PartyKind.BUYER_CONTRACT:
                assert new.buyer_id is not None and new.vertical_id is not None
                contract = BuyerContract(
                    buyer_contract_id=party_id,
                    buyer_id=new.buyer_id,
                    vertical_id=new.vertical_id,
                    name=new.name,
                    active=True,
                    returnable=True,
                    max_return_age_days=30,
                    priced_on_outcome=False,
                    returns_owed=0,
                )
                self._contracts[party_id] = contract
                self._contracts_by_name.setdefault(new.name, []).append(contract)
            case _:
                self._names[new.kind][party_id] = new.name
                self._ids[new.kind][new.name] = party_id
        self._found_contracts.clear()
        self._found_campaigns.clear()

    def _find_contract(self, names: ContractNames) -> BuyerContract | NewParty:
        vertical = self._named(PartyKind.VERTICAL, names.vertical_id, names.vertical)
        buyer = self._named(PartyKind.BUYER, names.buyer_id, names.buyer)
        kind, name = PartyKind.BUYER_CONTRACT, names.buyer_contract
        contract_id = _id(kind, names.buyer_contract_id)
        if contract_id is None and not name:
            raise ValueError("buyer_contract and buyer_contract_id are blank")
        contract = self._contracts.get(contract_id or 0)
        if contract is None and name:
            contract = self._only(kind, name, self._contracts_by_name, PartyKind.BUYER, buyer)
        if contract is not None:
            _must_agree(kind, contract.buyer_contract_id, contract.name, contract_id, name)
            self._must_belong(kind, contract.name, PartyKind.BUYER, contract.buyer_id, buyer)
            self._must_belong(kind, contract.name, PartyKind.VERTICAL, contract.vertical_id, vertical)
            return contract
        _must_be_named(kind, contract_id, name, self._of(PartyKind.BUYER, buyer), buyer=buyer, vertical=vertical)
        assert buyer is not None and vertical is not None
        if isinstance(buyer, NewParty):
            return buyer
        if isinstance(vertical, NewParty):
            return vertical
        return NewParty(kind=kind, name=name, party_id=contract_id, buyer_id=buyer, vertical_id=vertical)

    def _find_campaign(self, names: CampaignNames) -> Campaign | NewParty:
        affiliate = self._named(PartyKind.AFFILIATE, names.affiliate_id, names.affiliate)
        offer = self._named(PartyKind.OFFER, names.offer_id, names.offer)
        kind, name = PartyKind.CAMPAIGN, names.campaign
        campaign_id = _id(kind, names.campaign_id)
        if campaign_id is None and not name:
            raise ValueError("campaign and campaign_id are blank")
        campaign = self._campaigns.get(campaign_id or 0)
        if campaign is None and name:
            campaign = self._only(kind, name, self._campaigns_by_name, PartyKind.AFFILIATE, affiliate)
        if campaign is not None:
            _must_agree(kind, campaign.campaign_id, campaign.name, campaign_id, name)
            self._must_belong(kind, campaign.name, PartyKind.AFFILIATE, campaign.affiliate_id, affiliate)
            self._must_belong(kind, campaign.name, PartyKind.OFFER, campaign.offer_id, offer)
            return campaign
        _must_be_named(kind, campaign_id, name, self._of(PartyKind.AFFILIATE, affiliate), affiliate=affiliate)
        assert affiliate is not None
        if isinstance(affiliate, NewParty):
            return affiliate
        if isinstance(offer, NewParty):
            return offer
        return NewParty(kind=kind, name=name, party_id=campaign_id, affiliate_id=affiliate, offer_id=offer)

    def _named(self, kind: PartyKind, id_text: str, name: str) -> int | NewParty | None:
        """The party's id; what it takes to create it; or None where the row does not name one."""
        party_id = _id(kind, id_text)
        if party_id is None and not name:
            return None
        if party_id is not None and (its_name := self._names[kind].get(party_id)) is not None:
            _must_agree(kind, party_id, its_name, party_id, name)
            return party_id
        known_id = self._ids[kind].get(name) if name else None
        if known_id is not None:
            _must_agree(kind, known_id, name, party_id, name)
            return known_id
        _must_be_named(kind, party_id, name, "")
        return NewParty(kind=kind, name=name, party_id=party_id)

    def _only(
        self,
        kind: PartyKind,
        name: str,
        by_name: dict[str, list[Owned]],
        owner_kind: PartyKind,
        owner: int | NewParty | None,
    ) -> Owned | None:
        """The one of this name, of the owner where one is given; a name that several owners use needs the owner."""
        if isinstance(owner, NewParty):
            return None
        found = [item for item in by_name.get(name, []) if owner in (None, getattr(item, owner_kind.id_column))]
        if len(found) > 1:
            raise ValueError(f"There are several {kind.spoken}s {shown(name)}; give the {owner_kind.spoken} too")
        return found[0] if found else None

    def _must_belong(
        self, kind: PartyKind, name: str, owner_kind: PartyKind, owner_id: int | None, given: int | NewParty | None
    ) -> None:
        if given is None or given == owner_id:
            return
        wrong = self._name(owner_kind, given)
        if owner_id is None:
            raise ValueError(f"The {kind.spoken} {shown(name)} has no {owner_kind.spoken}, not {shown(wrong)}")
        right = self._names[owner_kind][owner_id]
        raise ValueError(
            f"The {kind.spoken} {shown(name)} is of {owner_kind.spoken} {shown(right)}, not {shown(wrong)}"
        )

    def _name(self, kind: PartyKind, party: int | NewParty) -> str:
        return party.name if isinstance(party, NewParty) else self._names[kind][party]

    def _of(self, kind: PartyKind, owner: int | NewParty | None) -> str:
        return "" if owner is None else f" of {kind.spoken} {shown(self._name(kind, owner))}"


def unknown(party: NewParty) -> Rejection:
    """What is said of a row that needs a party which may not be created."""
    return Rejection(f"There is no {party.kind.spoken} {shown(party.name)}; --create-missing creates it")


def _id(kind: PartyKind, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX and 1 <= int(text) <= ID_MAX):
        raise ValueError(f"{kind.id_column}: {shown(text)} is not an id (1 to {ID_MAX})")
    return int(text)


def _must_agree(kind: PartyKind, party_id: int, name: str, given_id: int | None, given_name: str) -> None:
    if given_name and given_name != name:
        raise ValueError(f"The {kind.spoken} {party_id} is called {shown(name)}, not {shown(given_name)}")
    if given_id is not None and given_id != party_id:
        raise ValueError(f"The {kind.spoken} {shown(name)} has the id {party_id}, not {given_id}")


def _must_be_named(
    kind: PartyKind, party_id: int | None, name: str, of_owner: str, **needed: int | NewParty | None
) -> None:
    """Raise `ValueError` unless a party that does not exist could be created."""
    missing = [column for column, found in needed.items() if found is None]
    if name and not missing:
        return
    what = shown(name) if name else f"with the id {party_id}"
    columns = ([] if name else [str(kind)]) + missing
    raise ValueError(f"There is no {kind.spoken} {what}{of_owner}; to create it give {' and '.join(columns)} too")
