# Row 8's client: each line is sent, and what one read gives is printed.
import socket
import sys

sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
sock.settimeout(20)
sock.connect(("127.0.0.1", int(sys.argv[1])))
for line in sys.stdin:
    sock.send(line.rstrip("\n").encode("utf-8"))
    print(sock.recv(1024).decode("utf-8"), flush=True)
