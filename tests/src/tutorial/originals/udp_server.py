# Row 1 of the tutorial: a UDP server that answers in upper case.
import socket
import sys

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
while True:
    data, addr = sock.recvfrom(1024)
    sock.sendto(data.upper(), addr)
