# Row 9 of the tutorial: socketserver's ThreadingUDPServer, which answers in upper case.
import socketserver
import sys


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(data.upper(), self.client_address)


server = socketserver.ThreadingUDPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
