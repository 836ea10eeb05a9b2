internal import Plugins

/// An error that the stub answers with, in the form of the API.
struct StubError: Error, Sendable, Hashable {
    var status: Int
    var type: String
    var message: String
    /// `details.error_code`.
    var code: String?
    var headers: [Header] = []

    struct Header: Sendable, Hashable {
        var name: String
        var value: String
    }

    init(_ status: Int, _ message: String, code: String? = nil) {
        self.status = status
        self.type = Self.type(of: status)
        self.message = message
        self.code = code
    }

    static func invalid(_ message: String) -> StubError { StubError(400, message) }

    /// The usual type of a status.
    private static func type(of status: Int) -> String {
        switch status {
        case 401: "authentication_error"
        case 402: "billing_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 408, 504: "timeout_error"
        case 409: "conflict_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 529: "overloaded_error"
        case 400..<500: "invalid_request_error"
        default: "api_error"
        }
    }

    /// The body; the id is also in the header `request-id`.
    func body(requestID: String) -> JSONValue {
        [
            "type": "error",
            "error": .present([
                "type": .text(self.type), "message": .text(self.message),
                "details": self.code.map { ["error_code": .text($0)] },
            ]),
            "request_id": .text(requestID),
        ]
    }
}
