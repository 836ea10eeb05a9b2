internal import FoundationEssentials
internal import Responders

/// The record of a turn as it is read: what an earlier version of the server wrote lacks some of it.
struct TraceRecord: Decodable, Sendable {
    var turn: String?
    var message: String?
    var session: String?
    var site: String?
    var chain: String?
    var generation: Int?
    var attempt: Int?
    var state: String?
    var started: String?
    var elapsedMs: Double?
    var waitedMs: Double?
    var outcome: String?
    var responder: String?
    var replies: [String]?
    var steps: [Step]?
    var notes: [String: String]?
    var effects: Effects?
    var shadow: Shadow?
    var late: Int?
    var followUp: FollowUp?

    /// What a whole chain said that was run beside.
    struct Shadow: Decodable, Sendable {
        var chain: String
        var outcome: String
        var responder: String?
        var rule: String?
        var us: Int
        var textBytes: Int
        var same: Bool
    }

    /// One more reply that was promised.
    struct FollowUp: Decodable, Sendable {
        var number: Int
        var promised: String
        var expires: String
        /// Nothing while it may still come.
        var result: String?
        var ended: String?
    }

    /// What one entry of the chain did.
    struct Step: Decodable, Sendable {
        var stage: String
        var responder: String
        var verdict: String?
        var us: Int?
        var reason: String?
        var code: String?
        var problem: String?
        var onError: String?
        var breaker: String?
        var rule: String?
        var at: String?
        var elected: Bool?
        var firstChunkMs: Double?
        var chunks: Int?
        var finish: String?
        var detail: Detail?
        var actions: [Action]?
        var mode: String?
        var textBytes: Int?
        var same: Bool?
    }

    /// What another responder was asked to do for a step.
    struct Action: Decodable, Sendable {
        var responder: String
        var operation: String
        var us: Int
        var code: String?
    }

    /// What a step's responder says about itself.
    struct Detail: Decodable, Sendable {
        var generation: Int?
        var candidates: [Candidate]?

        struct Candidate: Decodable, Sendable {
            var rule: String
            var at: String
            var lost: String?
        }
    }

    struct Effects: Decodable, Sendable {
        var topic: String?
        var severity: String?
        var queue: String?
        var tags: [String]?
    }

    /// Reads a record.
    ///
    /// - Throws: What JSON's decoder says.
    init(json: [UInt8]) throws { self = try JSONDecoder().decode(Self.self, from: Data(json)) }
}
