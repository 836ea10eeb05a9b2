internal import ArgumentParser
internal import Diagnostics
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// The options of every command that asks a running server.
struct RunningServerOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: ArgumentHelp("The configuration of the server.", valueName: "file"))
    var file = "claude-chat.yaml"

    @Option(help: ArgumentHelp("Where it listens, in place of the configuration's.", valueName: "host:port"))
    var listen: String?

    func validate() throws {
        if let listen, ListenAddress(listen) == nil {
            throw ValidationError("\"\(listen)\" is no address; write HOST:PORT, such as 127.0.0.1:8080")
        }
    }

    /// Asks the server.
    ///
    /// - Parameters:
    ///   - method: Of the request.
    ///   - path: Of the request.
    /// - Returns: The body of the answer.
    /// - Throws: The exit status, after what is wrong was shown.
    func ask(_ method: HTTPMethod, _ path: String) async throws -> String {
        let terminal = Terminal.current
        let configured = Configuration.endpoint(file: self.file)
        let address = self.listen.flatMap { ListenAddress($0) } ?? configured.address
        do {
            let (status, body) = try await Self.request(method, path, at: address, trusting: configured.certificate)
            guard status == .ok else {
                terminal.complain("\(address): the server answered \(status.code) to \(path) [refused]")
                throw ExitCode(ExitStatus.findings)
            }
            return body
        } catch let error as ExitCode {
            throw error
        } catch {
            terminal.complain(
                "\(address): no server answers here; start it with claude-chat serve, or name its address with --listen "
                    + "[no-server]"
            )
            throw ExitCode(ExitStatus.findings)
        }
    }

    private static func request(
        _ method: HTTPMethod,
        _ path: String,
        at address: ListenAddress,
        trusting certificate: String?
    ) async throws -> (HTTPResponseStatus, String) {
        let tls = try certificate.map { try Self.context(trusting: $0) }
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil)) }
                    try pipeline.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel
                    )
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let headers: HTTPHeaders = ["Host": "\(address)", "Connection": "close", "Content-Length": "0"]
            let head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
            try await outbound.write(.head(head))
            try await outbound.write(.end(nil))
            var status = HTTPResponseStatus.internalServerError
            var body = ""
            for try await part in inbound {
                switch part {
                case .head(let head): status = head.status
                case .body(let bytes): body += String(buffer: bytes)
                case .end: return (status, body)
                }
            }
            throw ChannelError.eof
        }
    }

    /// Trusts the server's own certificate, whatever name it is reached by.
    private static func context(trusting certificate: String) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(certificate))
        configuration.certificateVerification = .noHostnameVerification
        return try NIOSSLContext(configuration: configuration)
    }
}
