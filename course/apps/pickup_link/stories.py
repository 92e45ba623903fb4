"""Stories that end in a status, for an exercise of 5.1, and where to look for it."""

_ITS_FORM = "4xx: how does the request look?"
_ITS_SENDER = "4xx: who asks?"
_THE_STATE = "4xx: how do things stand?"
_OURS = "5xx: who failed, and did we know?"

HINTS: dict[str, str] = {
    "a parcel was announced, and has an address now": "2xx: where is it?",
    "a report was ordered, and will be written tonight": "2xx: is it done?",
    "a subscription was deleted, nothing more to say": "2xx: is there a body?",
    "the body ends in the middle of a JSON object": _ITS_FORM,
    "the request has no key, and one is needed": _ITS_SENDER,
    "the key is known, and its owner may not do this": _ITS_SENDER,
    "the parcel to be deposited is deposited already": _THE_STATE,
    "the page of a shop that has closed down for good": _THE_STATE,
    "If-Match names a version that is no longer current": _THE_STATE,
    "a photo was sent where only JSON is understood": _ITS_FORM,
    "the weight is minus three grams": _ITS_FORM,
    "the hundredth request of one client in a second": "4xx: how often?",
    "our code raised a KeyError that nobody foresaw": _OURS,
    "we are a proxy, and the service behind us hung up": _OURS,
    "our database is being restarted, and we know it": _OURS,
    "we are a proxy, and the service behind us is silent": _OURS,
}
"""The story, and where to look for whoever chose another status."""
