import Access
import Hub
import Messages
import Observability
import Synchronization

/// What the transports count: handles that cost an addition each.
///
/// Any thread. No label has a value that a client could choose.
final class ServerMetrics: Sendable {
    /// How a client is connected.
    enum Transport: String, Sendable { case websocket, sse, poll }

    let registry: MetricsRegistry
    let framesReceived: Counter
    /// Frames that were left out since the client reads slowly.
    private let piecesDropped: Counter
    private let passingDropped: Counter
    let bytesSent: Counter
    private let opened: [Counter]
    private let messagesByWebSocket: Counter
    private let messagesByPost: Counter
    private let duplicates: Counter
    private let ratings: [Rating.Value: Counter]
    private let refusals: [ErrorCode: Counter]

    init(_ registry: MetricsRegistry) {
        self.registry = registry
        func counter(_ name: String, _ help: String, _ labels: Labels = [:]) -> Counter {
            registry.counter("chat_\(name)_total", help: help, labels: labels)
        }
        self.framesReceived = counter("frames_received", "Frames of WebSockets, control frames included.")
        let dropped = "Frames left out since a client reads slowly."
        self.piecesDropped = counter("frames_dropped", dropped, ["kind": "piece"])
        self.passingDropped = counter("frames_dropped", dropped, ["kind": "passing"])
        self.bytesSent = counter("websocket_sent_bytes", "Bytes written to WebSockets.")
        self.opened = [Transport.websocket, .sse, .poll].map {
            counter("connections_opened", "Connections and polls that were let in.", ["transport": $0.rawValue])
        }
        self.messagesByWebSocket = counter("messages", Self.messageHelp, ["transport": "websocket"])
        self.messagesByPost = counter("messages", Self.messageHelp, ["transport": "post"])
        self.duplicates = counter("messages_repeated", "Messages that had been taken before.")
        self.ratings = Dictionary(
            uniqueKeysWithValues: Rating.Value.allCases.map {
                ($0, counter("feedback", "What visitors thought of replies.", ["value": $0.rawValue]))
            }
        )
        self.refusals = Dictionary(
            uniqueKeysWithValues: ErrorCode.all.map {
                ($0, counter("refusals", "Frames and requests that were refused.", ["code": "\($0.rawValue)"]))
            }
        )
    }

    /// Whether a frame may be left out for a client that reads slowly; if so it is counted.
    func drops(_ frame: Frame) -> Bool {
        switch frame.kind {
        case .durable, .answer: return false
        case .passing: self.passingDropped.increment()
        case .piece: self.piecesDropped.increment()
        }
        return true
    }

    /// Counts what a visitor thinks of a reply.
    func rated(_ value: Rating.Value) { self.ratings[value]?.increment() }

    func opened(_ transport: Transport) { self.opened[transport.index].increment() }

    /// Counts a message that was taken.
    func took(_ acknowledgement: Room.Acknowledgement, overWebSocket: Bool) {
        guard !acknowledgement.isDuplicate else { return self.duplicates.increment() }
        (overWebSocket ? self.messagesByWebSocket : self.messagesByPost).increment()
    }

    private static let messageHelp = "Messages of visitors that were taken."

    func refused(_ code: ErrorCode) { self.refusals[code]?.increment() }

    /// Counts a connection that the server ends, or that answers its close.
    func closed(_ code: CloseCode) {
        // The codes that a server writes are few; whatever a client echoes is one more.
        let known = CloseCode.ofServer.contains(code)
        self.registry.counter(
            "chat_websockets_closed_total",
            help: "WebSockets that were closed with a code.",
            labels: ["code": known ? "\(code.rawValue)" : "other"]
        ).increment()
    }
}

extension ServerMetrics.Transport {
    fileprivate var index: Int {
        switch self {
        case .websocket: 0
        case .sse: 1
        case .poll: 2
        }
    }
}

extension ChatChannel.Shared {
    /// Has the numbers that others keep read with each page of metrics.
    func collectMetrics() {
        self.metrics.registry.collect { samples in
            let sockets = (try? await self.sockets()) ?? (count: 0, queuedBytes: 0)
            let requests = self.requests.links
            let streams = requests.count { $0 is EventStreamLink }
            let help = "Connections and polls that are open."
            samples.gauge("chat_connections", help: help, labels: ["transport": "websocket"], sockets.count)
            samples.gauge("chat_connections", help: help, labels: ["transport": "sse"], streams)
            samples.gauge("chat_connections", help: help, labels: ["transport": "poll"], requests.count - streams)
            samples.gauge("chat_queued_bytes", help: "Bytes that wait for WebSockets.", sockets.queuedBytes)
            samples.gauge("chat_history_bytes", help: "Bytes of messages in memory.", self.hub.historyBytes)
            samples.gauge("chat_rooms", help: "Sessions that are in memory.", self.hub.rooms)
            samples.gauge("chat_addresses", help: "Addresses whose limits are remembered.", self.addresses.count)
            let revocations = self.admission.desk.revocations
            samples.gauge("chat_revocations", help: "Revocations that hold.", revocations.count)
            samples.gauge("chat_draining", help: "1 while the server stops.", self.isDrainingNow ? 1 : 0)
        }
    }

    private var isDrainingNow: Bool { self.isDraining.load(ordering: .relaxed) }
}
