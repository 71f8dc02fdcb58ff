# Formats times as Python's time.strftime does it: zone, seconds and format (in hexadecimal) come a
# line each, what it makes of them goes back the same way.
import os
import sys
import time

zone = None
for line in sys.stdin:
    name, seconds, fmt = line.rstrip("\n").split("\t")
    if name != zone:
        zone = name
        os.environ["TZ"] = name
        time.tzset()
    text = time.strftime(bytes.fromhex(fmt).decode("utf-8"), time.localtime(int(seconds)))
    print(text.encode("utf-8").hex())
