"""zeep: makes the calls that standard input tells, and prints what it understood of the answers."""

import json
import sys
from typing import Any

import requests
import zeep
import zeep.exceptions
import zeep.helpers
import zeep.transports


def main() -> None:
    """Everything through one client of the port that was told."""
    told = json.load(sys.stdin)
    session = requests.Session()
    if told["key"]:
        session.auth = (told["key"], "")
    client = zeep.Client(told["wsdl"], transport=zeep.transports.Transport(session=session), port_name=told["port"])
    json.dump([call(client, operation, parameters) for operation, parameters in told["calls"]], sys.stdout)


def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
    """One call's answer, or its fault."""
    try:
        return zeep.helpers.serialize_object(getattr(client.service, operation)(**parameters), dict)
    except zeep.exceptions.Error as fault:
        return {"fault": str(fault)}


main()
