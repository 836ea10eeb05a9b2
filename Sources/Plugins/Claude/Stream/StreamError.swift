/// Why a response of the Messages API can't be used.
enum StreamError: Error, Sendable, Hashable {
    /// The stream ended before `message_stop`.
    case cut
    /// The events don't follow each other as they must, or one can't be read.
    case badStream(String)
    /// A known field has the wrong shape.
    case badResponse(String)
    /// There is more than anybody reads.
    case tooLarge(String)
    /// The API said so, within a stream whose status was 200.
    case reported(APIError)

    /// The word of the trace.
    var code: String {
        switch self {
        case .cut: "stream-cut"
        case .badStream: "bad-stream"
        case .badResponse: "bad-response"
        case .tooLarge: "response-too-large"
        case .reported(let error): error.code
        }
    }

    /// What happened, without a word of the response's text.
    var problem: String {
        switch self {
        case .cut: "the stream ended before message_stop"
        case .badStream(let problem), .badResponse(let problem), .tooLarge(let problem): problem
        case .reported(let error): "the stream ended in an error event, \(error.code)"
        }
    }
}
