"""Declares and undeclares as many liveliness tokens as it can, and stays until it is killed: `tokens.py ENDPOINT COUNT`."""

import json
import sys

import zenoh

QOS = "::,10:,:,:,,"

config = zenoh.Config()
for key, value in {
    "mode": "client",
    "connect/endpoints": [sys.argv[1]],
    "scouting/multicast/enabled": False,
}.items():
    config.insert_json5(key, json.dumps(value))
session = zenoh.open(config)
graph = session.liveliness().declare_subscriber(
    "@ros2_lv/0/**", zenoh.handlers.Callback(lambda sample: None, indirect=False), history=True
)
turn = 0
while True:
    turn += 1
    tokens = [
        session.liveliness().declare_token(
            f"@ros2_lv/0/{session.zid()}/0/{turn}-{i}/MP/%/%/node/%topic{i}/T/H/{QOS}"
        )
        for i in range(int(sys.argv[2]))
    ]
    if turn % 2:
        for token in tokens:
            token.undeclare()
    print(f"turn {turn}", flush=True)
