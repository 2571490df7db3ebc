"""A link that lets whoever has it read one object for a while, as an S3 client makes it.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import urlencode

REGION = "us-east-1"


def signed_link(host: str, path: str, access: str, secret: str, lasts_s: int = 60) -> str:
    """`host`: as the client will ask for it; it is part of what is signed."""
    now = datetime.now(UTC)
    scope = f"{now:%Y%m%d}/{REGION}/s3/aws4_request"
    query = urlencode(
        {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{access}/{scope}",
            "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}",
            "X-Amz-Expires": str(lasts_s),
            "X-Amz-SignedHeaders": "host",
        }
    )
    request = f"GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{now:%Y%m%dT%H%M%SZ}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return f"http://{host}{path}?{query}&X-Amz-Signature={signature}"
