import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// A WebSocket client that shares no code with the server: SwiftNIO's.
final class TestSocket {
    private var frames: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator
    private let output: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    let subprotocol: String?

    private init(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>,
        _ output: NIOAsyncChannelOutboundWriter<WebSocketFrame>,
        subprotocol: String?
    ) {
        self.frames = inbound.makeAsyncIterator()
        self.output = output
        self.subprotocol = subprotocol
    }

    /// The handshake was answered with another status than 101.
    struct Refused: Error, Equatable { var status: UInt }

    private enum Upgrade: Sendable {
        case socket(NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, subprotocol: String?)
        case refused
    }

    /// Opens a connection while `body` runs.
    static func open<R: Sendable>(
        _ target: String,
        port: Int,
        isSeed: Bool = false,
        _ body: (TestSocket) async throws -> R
    ) async throws -> R {
        let upgraded = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let upgrader = NIOTypedWebSocketClientUpgrader<Upgrade>(
                        maxFrameSize: 1 << 20,
                        upgradePipelineHandler: { channel, head in
                            channel.eventLoop.makeCompletedFuture {
                                let subprotocol = head.headers["Sec-WebSocket-Protocol"].first
                                return .socket(try NIOAsyncChannel(wrappingChannelSynchronously: channel), subprotocol: subprotocol)
                            }
                        }
                    )
                    var headers = HTTPHeaders([("Host", "127.0.0.1:\(port)"), ("Content-Length", "0")])
                    if !isSeed { headers.add(name: "Sec-WebSocket-Protocol", value: "chat.v1") }
                    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: headers)
                    return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
                        configuration: .init(
                            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                                upgradeRequestHead: head,
                                upgraders: [upgrader],
                                notUpgradingCompletionHandler: { $0.eventLoop.makeSucceededFuture(.refused) }
                            )
                        )
                    )
                }
            }
        guard case .socket(let channel, let subprotocol) = try await upgraded.get() else { throw Refused(status: 0) }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(TestSocket(inbound, outbound, subprotocol: subprotocol))
        }
    }

    func send(_ text: String) async throws { try await self.send(.text, Array(text.utf8)) }

    func send(_ opcode: WebSocketOpcode, _ bytes: [UInt8]) async throws {
        let key = WebSocketMaskingKey([1, 2, 3, 4])
        try await self.output.write(WebSocketFrame(fin: true, opcode: opcode, maskKey: key, data: ByteBuffer(bytes: bytes)))
    }

    /// The next frame that is no heartbeat, as JSON.
    func next() async throws -> [String: any Sendable] {
        while let frame = try await self.frames.next() {
            guard frame.opcode == .text else { throw Unexpected(frame: "\(frame.opcode)") }
            let bytes = Data(frame.unmaskedData.readableBytesView)
            let object = try JSONSerialization.jsonObject(with: bytes) as? [String: Any] ?? [:]
            return object.mapValues { value in
                if let text = value as? String { return text }
                if let flag = value as? Bool, CFBooleanLike.isBool(value) { return flag }
                if let number = value as? Int { return number }
                return "\(value)"
            }
        }
        throw Unexpected(frame: "end of the connection")
    }

    /// The next frames, until one has this `type`.
    func next(_ type: String) async throws -> [String: any Sendable] {
        while true {
            let frame = try await self.next()
            if frame["type"] as? String == type { return frame }
        }
    }

    /// The code with which the server closes; frames before it are dropped.
    func closeCode() async throws -> UInt16? {
        while let frame = try await self.frames.next() {
            guard frame.opcode == .connectionClose else { continue }
            var payload = frame.unmaskedData
            return payload.readInteger()
        }
        return nil
    }

    struct Unexpected: Error { var frame: String }
}

/// Tells JSON's `true` from its `1`.
private enum CFBooleanLike {
    static func isBool(_ value: Any) -> Bool { type(of: value) == Bool.self || "\(type(of: value))".contains("Boolean") }
}
