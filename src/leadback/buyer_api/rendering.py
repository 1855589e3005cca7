"""The templates of what a service says of itself, filled in; what they are given is escaped where it must be."""

from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("leadback.buyer_api"),
    # Markup has its special characters, Markdown is written by us alone.
    autoescape=select_autoescape(disabled_extensions=("md",), default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def render(template: str, **context: Any) -> str:
    """A template's text; what is missing in the context is an error."""
    return _ENVIRONMENT.get_template(template).render(context)
