# Row 3 of the tutorial: a format comes, the formatted time goes back.
import socket
import sys
import time

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
while True:
    data, addr = sock.recvfrom(1024)
    if not data:
        fmt = "%Y-%m-%d %X"
    else:
        fmt = data.decode("utf-8")
    sock.sendto(time.strftime(fmt).encode("utf-8"), addr)
