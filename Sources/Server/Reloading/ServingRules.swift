internal import Diagnostics
internal import Responders

/// What a configuration must be like for a server to work by it, as the options of `serve` say.
struct ServingRules: Sendable {
    /// The address in place of the configuration's.
    var address: ListenAddress?
    var choice = ChainChoice()
    /// Whether an option asks for development mode.
    var demandsDevelopment = false
    /// The mode that the server has started in; nothing before that.
    var startedInDevelopment: Bool?

    var isDevelopment: Bool { self.startedInDevelopment ?? self.demandsDevelopment }

    /// Whether a server that starts is in development mode.
    func isDevelopment(_ configuration: Configuration) -> Bool {
        self.startedInDevelopment ?? (self.demandsDevelopment || configuration.mode == .development)
    }

    /// Who answers by a configuration.
    ///
    /// - Throws: Everything for which a server can't work by it.
    func desks(of configuration: Configuration) throws(Rejection) -> Desks {
        let problems = self.problems(of: configuration)
        let desks: Desks
        do throws(Rejection) { desks = try Desks(configuration, self.choice) } catch {
            throw Rejection(error.diagnostics + problems)
        }
        guard problems.isEmpty else { throw Rejection(problems) }
        return desks
    }

    /// Why a server can't run in its mode.
    func problems(of configuration: Configuration) -> [Diagnostic] {
        let address = self.address ?? configuration.listen
        let place = Place(file: self.address == nil ? configuration.file : "\(address)")
        if self.isDevelopment(configuration) {
            guard !address.isLoopback else { return [] }
            let problem = "development mode listens on this machine only"
            return [Diagnostic("not-loopback", at: place, problem, hint: "write 127.0.0.1:\(address.port)")]
        }
        let missing = configuration.missingForProduction
        guard !address.isLoopback, configuration.tls == nil, !configuration.isBehindProxy else { return missing }
        let problem = "other machines would reach the server without TLS"
        let hint = "set server.tls, or write 127.0.0.1:\(address.port)"
        return missing + [Diagnostic("plain-not-loopback", at: place, problem, hint: hint)]
    }
}
