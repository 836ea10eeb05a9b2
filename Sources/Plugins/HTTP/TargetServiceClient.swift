internal import NIOHTTP1
public import Responders

/// A service of a plugin that is compiled in, asked as those of the built-in ones are.
final class TargetServiceClient: ServiceClient {
    private let target: HTTPTarget
    private let client: TargetClient

    init(_ url: String, _ networks: [String], key: String, clock: TurnClock) throws(ConfigurationProblem) {
        let policy = try TargetPolicy(allowing: networks, for: url)
        self.target = try HTTPTarget(url, policy: policy, hasNetworks: !policy.allowed.isEmpty, key: key)
        self.client = TargetClient(self.target, policy: policy, resolver: .system, clock: clock)
    }

    deinit { self.client.closeLater() }

    func send(_ request: ServiceRequest) async throws -> ServiceAnswer {
        // Whatever comes from a visitor must not lead to another host, nor split a header.
        guard request.path.utf8.first == UInt8(ascii: "/"), request.path.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw Failure("bad-path", "a path begins with a slash, and has what isn't ASCII percent-encoded")
        }
        let headers: [(String, String)]
        do throws(ConfigurationProblem) {
            headers = try checked(headers: request.headers, reserved: ["host", "content-length", "transfer-encoding"])
        } catch {
            throw Failure(TraceReason(rawValue: error.code), error.problem)
        }
        do {
            let answer = try await self.client.send(
                request.body,
                method: HTTPMethod(rawValue: request.method),
                url: self.target.appending(request.path).url(),
                headers: headers,
                mayRepeat: request.isIdempotent,
                within: CallLimit.current ?? .seconds(30)
            )
            let fields = answer.headers.map { ($0.name.lowercased(), $0.value) }
            return ServiceAnswer(
                status: answer.status,
                headers: Dictionary(fields) { first, _ in first },
                body: try await answer.bytes()
            )
        } catch let problem as TargetClient.Problem {
            throw Failure(TraceReason(rawValue: problem.wire.code), problem.wire.problem)
        } catch let problem as WireProblem {
            throw Failure(TraceReason(rawValue: problem.code), problem.problem)
        }
    }
}

extension TargetClient.Problem {
    fileprivate var wire: WireProblem {
        switch self {
        case .notSent(let problem), .unanswered(let problem): problem
        }
    }
}

extension PluginServices {
    /// The same services with clients that reach the network.
    public func reachingServices() -> PluginServices {
        var services = self
        let clock = self.clock
        services.clients = { url, networks, key in
            do throws(ConfigurationProblem) {
                return .success(try TargetServiceClient(url, networks, key: key, clock: clock))
            } catch {
                return .failure(error)
            }
        }
        return services
    }
}
