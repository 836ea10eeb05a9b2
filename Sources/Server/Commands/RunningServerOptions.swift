internal import ArgumentParser
internal import Diagnostics
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// The options of every command that asks a running server.
struct RunningServerOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: ArgumentHelp("The configuration of the server.", valueName: "file"))
    var config: String?

    /// The configuration's file, whether it was named or not.
    var file: String { self.config ?? "claude-chat.yaml" }

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
    ///   - body: JSON; nothing for a request without one.
    /// - Returns: The body of the answer.
    /// - Throws: The exit status, after what is wrong was shown.
    func ask(_ method: HTTPMethod, _ path: String, body: String = "") async throws -> String {
        if let config { try Self.demandConfiguration(config) }
        return try await Self.ask(method, path, body: body, of: self.file, at: self.listen)
    }

    /// The same for commands with options of their own.
    static func ask(
        _ method: HTTPMethod,
        _ path: String,
        body: String = "",
        of file: String,
        at listen: String?
    ) async throws -> String {
        let terminal = Terminal.current
        let configured = Configuration.endpoint(file: file)
        let address = listen.flatMap { ListenAddress($0) } ?? configured.address
        do {
            let (status, answer) = try await Self.request(
                method,
                path,
                body,
                at: address,
                trusting: configured.certificate,
                token: configured.adminToken
            )
            guard status == .ok || status == .noContent else {
                terminal.complain("\(address): \(Self.explanation(of: status, answer, path))")
                throw ExitCode(ExitStatus.findings)
            }
            return answer
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

    /// A file that was named and can't be read must not stand for the defaults: another server might answer.
    private static func demandConfiguration(_ file: String) throws {
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw ValidationError("\"\(file)\" can't be read; name the configuration of the server")
        }
        do throws(Diagnostic) {
            _ = try YAMLNode(yaml: String(decoding: bytes, as: UTF8.self), file: file)
        } catch {
            Terminal.current.complain("\(error)")
            throw ExitCode(ExitStatus.findings)
        }
    }

    /// Why a server refused, and what to do.
    private static func explanation(of status: HTTPResponseStatus, _ answer: String, _ path: String) -> String {
        if status == .unauthorized {
            return "the admin token is missing or another one; set the variable that server.admin_token names "
                + "[wrong-admin-token]"
        }
        let message = (try? JSONDecoder().decode(Refusal.self, from: Data(answer.utf8)))?.message
        // What the admin API doesn't know it calls by its name.
        if status == .notFound, message == nil || message == "there is nothing at this path" {
            return
                "nothing is there for those who run it; set server.admin_token and restart it, or name its address with "
                + "--listen [no-admin-api]"
        }
        let path = path.prefix { $0 != "?" }
        return "the server answered \(status.code) to \(path): \(message.map { printable($0) } ?? "") [refused]"
    }

    private struct Refusal: Decodable { var message: String }

    private static func request(
        _ method: HTTPMethod,
        _ path: String,
        _ body: String,
        at address: ListenAddress,
        trusting certificate: String?,
        token: String?
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
            var headers: HTTPHeaders = [
                "Host": "\(address)", "Connection": "close", "Content-Length": "\(body.utf8.count)",
                "Content-Type": "application/json",
            ]
            if let token { headers.add(name: "Authorization", value: "Bearer \(token)") }
            let head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
            try await outbound.write(.head(head))
            if !body.isEmpty { try await outbound.write(.body(.byteBuffer(ByteBuffer(string: body)))) }
            try await outbound.write(.end(nil))
            var status = HTTPResponseStatus.internalServerError
            var answer = ""
            for try await part in inbound {
                switch part {
                case .head(let head): status = head.status
                case .body(let bytes): answer += String(buffer: bytes)
                case .end: return (status, answer)
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
