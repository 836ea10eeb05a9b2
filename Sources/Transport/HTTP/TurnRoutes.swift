import Hummingbird
import Messages

/// What can be asked about turns.
public struct TurnQueries: Sendable {
    fileprivate let record: @Sendable (String) async throws -> [UInt8]?
    fileprivate let records: @Sendable (TurnFilter?, Int) async throws -> [[UInt8]]

    /// - Parameters:
    ///   - record: The record of a turn by its id, one JSON object; nothing where none is kept. It may throw a
    ///     `ClientError`.
    ///   - records: Those of the last turns, at most so many.
    public init(
        record: @escaping @Sendable (String) async throws -> [UInt8]?,
        records: @escaping @Sendable (TurnFilter?, Int) async throws -> [[UInt8]]
    ) {
        self.record = record
        self.records = records
    }
}

/// Which turns are listed.
public enum TurnFilter: String, Sendable, CaseIterable {
    /// Nobody had an answer.
    case unanswered
    /// They took long.
    case slow
    /// Something failed.
    case failed
}

/// `/api/admin/turns`: why turns ended as they did.
struct TurnRoutes: Sendable {
    private let queries: TurnQueries

    /// How many records one answer lists.
    static let largestPage = 1_000

    init(_ queries: TurnQueries) { self.queries = queries }

    func add(to group: RouterGroup<ChatRequestContext>) {
        group.get("turns") { request, _ in try await self.list(request) }
        group.get("turns/{turn}/trace") { _, context in
            let turn = try context.parameters.require("turn")
            guard 1...Limits.messageIDBytes ~= turn.utf8.count, let record = try await self.queries.record(turn) else {
                throw ClientError(.badRequest, "there is no record of such a turn", detail: "path")
            }
            return Response.json(record)
        }
    }

    private func list(_ request: Request) async throws -> Response {
        let query = try ChatRoutes.query(of: request)
        guard let limit = Int(query["limit"] ?? "20"), 1...Self.largestPage ~= limit else {
            throw ClientError(.badRequest, "\"limit\" must be 1 to \(Self.largestPage)", detail: "limit")
        }
        let filter = query["filter"].map { TurnFilter(rawValue: $0) }
        if filter == .some(nil) {
            let known = TurnFilter.allCases.map(\.rawValue).joined(separator: ", ")
            throw ClientError(.badRequest, "\"filter\" is one of \(known)", detail: "filter")
        }
        let records = try await self.queries.records(filter ?? nil, limit)
        return .json(Array(#"{"turns":["#.utf8) + records.joined(separator: ",".utf8) + "]}".utf8)
    }
}
