"""One process that answers clicks: `python -m bench._click WAY PATH TIMES` prints what it took, as JSON.

The clock starts before anything of the way is imported.
"""

import sys
import time

BEGUN = time.perf_counter()


def main(way: str, path: str, times: int) -> None:
    """Answer the first click, then `times` more; the cold seconds, and the CPU seconds of each warm one."""
    module = "functions.track.app" if way == "ours" else "bench._idiom_track"
    handler = __import__(module, fromlist=["handler"]).handler
    answered = handler(click(path), Context())
    cold = time.perf_counter() - BEGUN
    statuses = {answered["statusCode"]}
    begun = time.process_time()
    for _ in range(times):
        statuses.add(handler(click(path), Context())["statusCode"])
    warm = (time.process_time() - begun) / max(times, 1)
    # Written by hand: an import of json would be on both ways' account, and is on neither's.
    print(f'{{"cold": {cold}, "warm": {warm}, "statuses": {sorted(map(int, statuses))}}}')


class Context:
    """What Lambda hands in beside the event."""

    function_name = "track"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:ap-northeast-2:000000000000:function:track"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        """Ten seconds, always."""
        return 10_000


def click(path: str) -> dict[str, object]:
    """A click, as the HTTP API hands it on (payload format 2.0)."""
    http = {
        "method": "GET",
        "path": path,
        "protocol": "HTTP/1.1",
        "sourceIp": "198.51.100.7",
        "userAgent": "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Mobile Safari/537.36 KAKAOTALK 11.0.0",
    }
    return {
        "version": "2.0",
        "routeKey": "GET /c/{token}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "go.shop.example", "user-agent": http["userAgent"], "accept": "text/html"},
        "requestContext": {
            "apiId": "api",
            "domainName": "go.shop.example",
            "http": http,
            "requestId": "request",
            "stage": "$default",
            "time": "23/Nov/2026:01:00:00 +0000",
            "timeEpoch": 1_795_395_600_000,
        },
        "pathParameters": {"token": path.rpartition("/")[2]},
        "isBase64Encoded": False,
    }


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
