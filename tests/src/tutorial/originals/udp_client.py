# The client of rows 1, 3 and 9: each line goes as a datagram, and the reply is printed.
import socket
import sys

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(20)
for line in sys.stdin:
    sock.sendto(line.rstrip("\n").encode("utf-8"), ("127.0.0.1", int(sys.argv[1])))
    data, addr = sock.recvfrom(1024)
    print(data.decode("utf-8"), flush=True)
