"""Asks Twilio's own library whether our signatures hold and our documents are legal.

Reads {"requests": [...], "documents": [...]} from stdin and prints a line for each disagreement.
"""

import inspect
import json
import re
import sys
from xml.etree import ElementTree

from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse

# The parameter of a verb's builder that becomes the verb's text.
TEXT = {"Say": "message", "Play": "url", "Redirect": "url"}


class Disagreement(Exception):
    pass


class Pairs:
    """Form parameters whose names may repeat, as the validator likes them."""

    def __init__(self, pairs):
        self.pairs = pairs

    def __iter__(self):
        return (name for name, _ in self.pairs)

    def __len__(self):
        return len(self.pairs)

    def getall(self, wanted):
        return [value for name, value in self.pairs if name == wanted]


def check_request(request):
    validator = RequestValidator(request["token"])
    valid = validator.validate(request["url"], Pairs(request["pairs"]), request["signature"])
    if valid != request["valid"]:
        raise Disagreement(f"thinks the signature {'valid' if valid else 'invalid'}")


def check_document(document):
    ours = ElementTree.fromstring(document.encode())
    theirs = VoiceResponse()
    rebuild(ours, theirs)
    if canonical(document) != canonical(str(theirs)):
        raise Disagreement(f"would write {theirs}")


def rebuild(element, builder):
    """Makes the children of `element` with the methods that the library has for them there."""
    for child in element:
        method = getattr(builder, child.tag.lower(), None)
        if method is None:
            raise Disagreement(f"{element.tag} cannot hold {child.tag}")
        arguments = {snake_case(name): value for name, value in child.attrib.items()}
        if child.tag in TEXT:
            arguments[TEXT[child.tag]] = child.text or ""
        unknown = arguments.keys() - inspect.signature(method).parameters.keys()
        if unknown:
            raise Disagreement(f"{child.tag} has no {', '.join(unknown)}")
        rebuild(child, method(**arguments))


def snake_case(name):
    return re.sub("([A-Z])", r"_\1", name).lower()


def canonical(document):
    return ElementTree.canonicalize(document, strip_text=True)


def main():
    batch = json.load(sys.stdin)
    for check, cases in ((check_request, batch["requests"]), (check_document, batch["documents"])):
        for case in cases:
            try:
                check(case)
            except Disagreement as disagreement:
                print(f"{disagreement}: {case}")


main()
