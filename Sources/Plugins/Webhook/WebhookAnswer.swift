internal import AsyncHTTPClient
internal import NIOCore
internal import Responders

extension TargetClient.Answer {
    /// The body, where it is no longer than ``PluginFrame/maximumBytes``.
    ///
    /// - Throws: `answer-too-long`, or what the connection throws.
    func bytes() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in self.body {
            guard bytes.count + buffer.readableBytes <= PluginFrame.maximumBytes else { throw Self.tooLong }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        return bytes
    }

    private static let tooLong = WireProblem(
        "answer-too-long",
        "the answer has more than \(PluginFrame.maximumBytes) bytes"
    )

    /// Whether the body is one object a line.
    var isLines: Bool { self.contentType.hasPrefix("application/x-ndjson") }

    /// Reads the frames of the body until one is the verdict.
    ///
    /// - Parameters:
    ///   - id: The turn's.
    ///   - onFrame: Told of every frame before the verdict.
    /// - Returns: The verdict.
    /// - Throws: ``WireProblem`` or ``WireProblems``, or what the connection throws.
    func verdict(on id: String, onFrame: (PluginFrame) -> Void = { _ in }) async throws -> Verdict {
        guard self.isLines else {
            guard self.contentType.hasPrefix("application/json") else { throw Self.notJSON }
            return try Self.verdict(in: PluginFrame(line: try await self.bytes()), on: id) ?? { throw Self.noVerdict }()
        }
        var splitter = LineSplitter(limit: PluginFrame.maximumBytes)
        var total = 0
        var nextDelta = 0
        func take(_ lines: [LineSplitter.Line]) throws -> Verdict? {
            for line in lines where line.isCut || line.bytes.contains(where: { $0 > 0x20 }) {
                guard !line.isCut else { throw Self.tooLong }
                let frame = try PluginFrame(line: line.bytes)
                if let verdict = try Self.verdict(in: frame, on: id) { return verdict }
                if case .delta(let frameID, let index, _) = frame {
                    guard frameID == id else { throw Self.foreign }
                    guard index == nextDelta else {
                        throw WireProblem("bad-stream", "delta.index: \(index) after \(nextDelta) deltas")
                    }
                    nextDelta += 1
                }
                onFrame(frame)
            }
            return nil
        }
        for try await buffer in self.body {
            total += buffer.readableBytes
            guard total <= PluginFrame.maximumBytes else { throw Self.tooLong }
            if let verdict = try take(buffer.readableBytesView.withUnsafeBytes { splitter.append($0) }) {
                return verdict
            }
        }
        if let verdict = try take(splitter.finish()) { return verdict }
        throw Self.noVerdict
    }

    /// Reads the body as what came of an action.
    ///
    /// - Parameter id: The action's.
    /// - Returns: Its values, or why there are none.
    /// - Throws: ``WireProblem`` or ``WireProblems``, or what the connection throws.
    func result(of id: String) async throws -> (ActionResult, Failure?) {
        guard self.contentType.hasPrefix("application/json") else { throw Self.notJSON }
        guard case .result(let frameID, let result, let failure) = try PluginFrame(line: try await self.bytes()) else {
            let hint = "write one object with \"type\":\"result\""
            throw WireProblem("no-result", "the answer has no result", hint: hint)
        }
        guard frameID == id else { throw Self.foreign }
        return (result, failure)
    }

    private static func verdict(in frame: PluginFrame, on id: String) throws -> Verdict? {
        guard case .verdict(let frameID, let verdict) = frame else { return nil }
        guard frameID == id else { throw Self.foreign }
        return verdict
    }

    private static let notJSON = WireProblem(
        "wrong-content-type",
        "the answer is no JSON",
        hint: "send content-type: application/json, or application/x-ndjson"
    )
    private static let foreign = WireProblem(
        "foreign-id",
        "the answer has the id of another turn",
        hint: "send back the id of the turn"
    )
    private static let noVerdict = WireProblem(
        "no-verdict",
        "the answer has no verdict",
        hint: "write one object with \"type\":\"verdict\""
    )
}
