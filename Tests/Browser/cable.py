"""A network cable between browser and server that a test can cut.

A browser's own offline mode leaves an open WebSocket open, so it proves nothing about a lost line.
"""

import socket
import threading


class Cable:
    """Forwards TCP connections from a port of its own to the server's.

    `mode` is `"good"`; `"cut"`: open connections are reset, new ones too; `"silent"`: connections
    stay, but no byte arrives; `"no-websocket"`: handshakes of WebSockets are reset, the rest passes.
    """

    def __init__(self, target_port):
        self.target_port = target_port
        self.mode = "good"
        self.lock = threading.Lock()
        self.pairs = []
        self.handshakes = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, mode):
        """Changes the mode. What was swallowed by a silent cable is lost, so its connections go too."""
        was, self.mode = self.mode, mode
        if mode == "cut" or was == "silent":
            self._reset_all()

    def stop(self):
        self.listener.close()
        self._reset_all()

    def _reset_all(self):
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                _shut(end)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        if self.mode == "cut":
            return _shut(client)
        try:
            head = client.recv(65536)
            is_handshake = head.startswith(b"GET /ws/chat")
            self.handshakes += is_handshake
            if self.mode in ("cut", "no-websocket") and is_handshake:
                return _shut(client)
            server = socket.create_connection(("127.0.0.1", self.target_port))
        except OSError:
            return _shut(client)
        with self.lock:
            self.pairs.append((client, server))
        threading.Thread(target=self._pump, args=(server, client), daemon=True).start()
        if self.mode != "silent":
            server.sendall(head)
        self._pump(client, server)

    def _pump(self, source, target):
        try:
            while data := source.recv(65536):
                if self.mode != "silent":
                    target.sendall(data)
        except OSError:
            pass
        _shut(source)
        _shut(target)


def _shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()
