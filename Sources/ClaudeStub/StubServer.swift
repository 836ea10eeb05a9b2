internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
package import Plugins
package import Responders

/// The Messages API on this machine, without a network and without an account.
///
/// Deterministic: no random source, and no time unless a scenario or the script asks for it. What it can do:
/// Documentation/Claude.md.
package struct StubServer: Sendable {
    private let desk: StubDesk
    private let clock: TurnClock
    private let listener: NIOAsyncChannel<NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>, Never>
    /// Where it listens.
    package let port: Int

    /// How a stub is set up.
    package struct Options: Sendable {
        /// 0 means one that is free.
        package var port: Int
        package var script: AnswerScript?
        /// The only key that is right; nothing means any.
        package var key: String?
        /// What the numbers of ids begin behind.
        package var seed: Int

        package init(port: Int = 0, script: AnswerScript? = nil, key: String? = nil, seed: Int = 0) {
            self.port = port
            self.script = script
            self.key = key
            self.seed = seed
        }
    }

    /// Listens on the loopback address, and nowhere else.
    ///
    /// - Throws: What the system says where the port is taken.
    package static func listening(
        _ options: Options = Options(),
        clock: TurnClock = .continuous
    ) async throws -> StubServer {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .bind(host: "127.0.0.1", port: options.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    return try NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>(
                        wrappingChannelSynchronously: channel
                    )
                }
            }
        return StubServer(options, listener, clock)
    }

    private init(
        _ options: Options,
        _ listener: NIOAsyncChannel<NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>, Never>,
        _ clock: TurnClock
    ) {
        self.desk = StubDesk(script: options.script, key: options.key, seed: options.seed)
        self.clock = clock
        self.listener = listener
        self.port = listener.channel.localAddress?.port ?? 0
    }

    /// Answers until the task is cancelled.
    ///
    /// - Throws: What the system says where no connection can be taken any more.
    package func run() async throws {
        try await self.listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    group.addTask {
                        // What a client does to its connection is nobody else's matter.
                        try? await StubConnection(connection, self.desk, self.clock).run()
                    }
                }
            }
        }
    }
}
