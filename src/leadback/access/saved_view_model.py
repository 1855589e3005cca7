"""A report's question under a name, as a value."""

import msgspec


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """A page's address that somebody gave a name."""

    saved_view_id: int
    operator_id: int
    operator: str
    """Who saved it."""
    page: str
    query: str
    """The question as the page's address has it."""
    name: str
    shared: bool
    """Everybody of the network finds it; what it shows is what each may see."""

    @property
    def href(self) -> str:
        """Where it leads."""
        return f"{self.page}?{self.query}" if self.query else self.page
