"""Asks the Standard Webhooks library whether deliveries are signed as the standard says.

Reads a list of cases from stdin and prints a line for each disagreement.
"""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError


def is_valid(case):
    try:
        told = Webhook(case["secret"]).verify(case["body"], case["headers"])
    except WebhookVerificationError:
        return False
    return told == json.loads(case["body"])


for case in json.load(sys.stdin):
    valid = is_valid(case)
    if valid != case["valid"]:
        print(f"thinks the delivery {'valid' if valid else 'invalid'}: {case}")
