"""Delivers a text message as Twilio does, signed by Twilio's own library, and altered ones that must be refused.

Arguments: the URL, the token of the account, the id of the account, the number of the sender, and the message.
Prints what its sender is answered.
"""

import sys
import urllib.error
import urllib.parse
import urllib.request

from twilio.request_validator import RequestValidator

url, token, account, sender, body = sys.argv[1:]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def deliver(fields, signature):
    request = urllib.request.Request(url, urllib.parse.urlencode(fields).encode())
    request.add_header("X-Twilio-Signature", signature)
    try:
        with opener.open(request, timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


fields = {
    "AccountSid": account,
    "ApiVersion": "2010-04-01",
    "Body": body,
    "From": sender,
    "FromCountry": "DE",
    "MessageSid": "SM" + "0" * 32,
    "NumMedia": "0",
    "To": "+4930123456",
}
signature = RequestValidator(token).compute_signature(url, fields)
for altered, by in [
    ({**fields, "Body": body + " "}, signature),
    ({**fields, "From": "+15550100"}, signature),
    (fields, RequestValidator(token + "x").compute_signature(url, fields)),
    (fields, RequestValidator(token).compute_signature(url + "?x=1", fields)),
    (fields, ""),
]:
    status, text = deliver(altered, by)
    if status != 403:
        sys.exit(f"{altered} with {by!r} is answered {status}: {text}")
status, text = deliver(fields, signature)
if status != 200:
    sys.exit(f"it is answered {status}: {text}")
print(text)
