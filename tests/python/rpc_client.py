"""Calls `simlab rpc-serve --stdio` with Python's jsonrpcclient, and compares it with jsonrpcserver.

Usage: rpc_client.py SIMLAB. Neither package knows of simlab: requests are written and answers are read by the first,
and the second answers the same texts by its own understanding of the specification. Exit status: 0 if all is well, 77 if
jsonrpcclient is missing, otherwise 1.
"""

import json
import subprocess
import sys

try:
    from jsonrpcclient import Error, Ok, notification, parse, request
except ImportError:
    print("jsonrpcclient is missing")
    sys.exit(77)

try:
    import jsonrpcserver
except ImportError:
    jsonrpcserver = None


class Server:
    """A server behind a pipe: one line each way."""

    def __init__(self, program):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([program, "rpc-serve", "--stdio"], text=True, **pipes)

    def send(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def ask(self, text):
        """The answer to a text, before anything else is sent."""
        self.send(text)
        return json.loads(self.process.stdout.readline())

    def call(self, method, params=None):
        """What comes of a call, under the id that the call has."""
        asked = request(method, params)
        answer = parse(self.ask(json.dumps(asked)))
        assert answer.id == asked["id"], (asked, answer)
        return answer

    def end(self):
        """Ends the input: nothing may be left to read."""
        left, _ = self.process.communicate()
        assert (left, self.process.returncode) == ("", 0), (left, self.process.returncode)


CALLS = [
    ("add", (2, 3), 5),
    ("add", {"a": 0.5, "b": 0.25}, 0.75),
    ("subtract", (42, 23), 19),
    ("subtract", {"subtrahend": 23, "minuend": 42}, 19),
    ("sum", (1, 2, 4), 7),
    ("sum", {"numbers": [1, 2, 4]}, 7),
    ("sum", {"numbers": []}, 0),
    ("divide", (6, 3), 2),
    ("divide", (7, 2), 3.5),
    ("add", (2**63 - 1, 1), 2.0**63),
]

FAULTS = [
    ("divide", (1, 0), 1),
    ("add", (1.7e308, 1.7e308), 2),
    ("foobar", None, -32601),
    ("add", (1,), -32602),
    ("add", {"a": 1, "c": 2}, -32602),
]


def calls(server):
    """Calls alone and in a batch, with notifications between them."""
    for method, params, result in CALLS:
        server.send(json.dumps(notification(method, params)))
        answer = server.call(method, params)
        assert isinstance(answer, Ok), (method, params, answer)
        assert answer.result == result, (method, params, answer)
        assert type(answer.result) is type(result), (method, params, answer)
    for method, params, code in FAULTS:
        answer = server.call(method, params)
        assert isinstance(answer, Error), (method, params, answer)
        assert answer.code == code, (method, params, answer)
    asked = [request(method, params) for method, params, _ in CALLS]
    batch = [notification("add", (1, 1)), *asked, notification("foobar")]
    answers = {answer.id: answer for answer in parse(server.ask(json.dumps(batch)))}
    assert len(answers) == len(CALLS), answers
    for one, (_, _, result) in zip(asked, CALLS):
        assert answers[one["id"]] == Ok(result, one["id"]), (one, answers)
    server.send(json.dumps([notification("add", (1, 1)), notification("foobar")]))
    return 2 * len(CALLS) + len(FAULTS)


# Texts whose answers are compared, apart from the words of errors. A batch with something in it that is no call is not
# among them: jsonrpcserver 5 refuses it as a whole, where the specification (§7) has an answer for each.
TEXTS = [
    '{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}',
    '{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}',
    '{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}',
    '{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": "four"}',
    '{"jsonrpc": "2.0", "method": "sum", "params": [1, 2, 4], "id": 5}',
    '{"jsonrpc": "2.0", "method": "divide", "params": [1, 0], "id": 6}',
    '{"jsonrpc": "2.0", "method": "foobar", "id": "1"}',
    '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]',
    '{"jsonrpc": "2.0", "method": 1, "params": "bar"}',
    '{"jsonrpc": "2.0", "method": "subtract", "params": [1], "id": 7}',
    '{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 1, "x": 2}, "id": 8}',
    '{"jsonrpc": "2.0", "method": "subtract", "params": [1, 2, 3], "id": 9}',
    '{"method": "subtract", "params": [1, 2]}',
    '[{"jsonrpc": "2.0", "method": "sum", "params": [1, 2, 4], "id": "1"}, {"jsonrpc": "2.0", "method"]',
    "[]",
    "3",
    '[{"jsonrpc": "2.0", "method": "sum", "params": [1, 2, 4], "id": "1"},'
    ' {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},'
    ' {"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": "2"},'
    ' {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},'
    ' {"jsonrpc": "2.0", "method": "get_data", "id": "9"}]',
]


def methods():
    """The service once more, as a user of jsonrpcserver writes it."""

    def subtract(minuend, subtrahend):
        return jsonrpcserver.Success(minuend - subtrahend)

    def total(*numbers):
        return jsonrpcserver.Success(sum(numbers))

    def divide(dividend, divisor):
        if divisor == 0:
            return jsonrpcserver.Error(1, "Division by zero")
        return jsonrpcserver.Success(dividend / divisor)

    return {"subtract": subtract, "sum": total, "divide": divide}


def shown(answer):
    """An answer without the words of its errors."""
    if isinstance(answer, list):
        return sorted((shown(one) for one in answer), key=str)
    code = answer["error"]["code"] if "error" in answer else None
    return (answer["jsonrpc"], answer["id"], answer.get("result"), code)


def compare(server):
    """Both servers answer alike."""
    for text in TEXTS:
        theirs = json.loads(jsonrpcserver.dispatch(text, methods()))
        ours = server.ask(text)
        assert shown(ours) == shown(theirs), (text, ours, theirs)
    return len(TEXTS)


def main():
    server = Server(sys.argv[1])
    print(f"jsonrpcclient: {calls(server)} calls came back")
    if jsonrpcserver is None:
        print("jsonrpcserver is missing")
    else:
        print(f"jsonrpcserver: {compare(server)} texts are answered alike")
    server.end()


main()
