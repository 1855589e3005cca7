"""curl and what it prints of an answer."""

from email import message_from_string
from email.message import Message
from urllib.parse import urlencode

from tests.clients.foreign import CURL

EMPTY = {
    "lead_id": "",
    "buyer_contract_id": "0",
    "status": "",
    "sub_status": "",
    "amount": "0",
    "add_to_existing": "TRUE",
    "field_name": "",
    "field_value": "",
    "return_reason_id": "0",
}


class Heard:
    """An answer as curl prints it with its head."""

    def __init__(self, printed: str) -> None:
        line, _, rest = printed.partition("\n")
        head, _, self.body = rest.partition("\n\n")
        self.status = int(line.split()[1])
        self.headers: Message = message_from_string(head)

    @property
    def done(self) -> bool:
        """Whether the call succeeded, in the words of CAKE's XML."""
        return self.status == 200 and "<success>true</success>" in self.body


def curl(*arguments: str) -> Heard:
    """One call."""
    return Heard(CURL.run(arguments=("--include", *arguments)).stdout)


def query(lead_id: str, **given: str) -> str:
    """A query with all nine parameters."""
    return urlencode({**EMPTY, "lead_id": lead_id, **given})
