"""pycake: makes the calls that standard input tells, and prints what it gave back."""

import json
import sys
from typing import Any

import requests
from pycake.api import BuyerAPI


def main() -> None:
    """Everything through one client, which is told only where its CAKE is."""
    told = json.load(sys.stdin)
    client = BuyerAPI(told["domain"], response_format=told["format"], use_https=False)
    json.dump([call(client, method, arguments) for method, arguments in told["calls"]], sys.stdout)


def call(client: BuyerAPI, method: str, arguments: dict[str, Any]) -> Any:
    """What one call gave back; a connection that broke is the buyer's to deal with."""
    try:
        return getattr(client, method)(**arguments)
    except requests.RequestException as broken:
        return {"broken": type(broken).__name__}


main()
