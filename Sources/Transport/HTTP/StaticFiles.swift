import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// The files that the server brings along: the widget, and the page that shows it.
struct StaticFiles: Sendable {
    private struct File: Sendable {
        let contents: ByteBuffer
        let type: String
        let tag: String
        /// Whether the path changes with the contents.
        var isForever = false
    }

    /// By path, from the root.
    private let files: [String: File]

    init() {
        func file(_ bytes: [UInt8], _ type: String, isForever: Bool = false) -> File {
            let digest = SHA256.hash(data: Data(bytes)).prefix(12)
            return File(
                contents: ByteBuffer(bytes: bytes),
                type: type,
                tag: "\"\(Data(digest).base64EncodedString())\"",
                isForever: isForever
            )
        }
        let page = file(PackageResources.demo_html, "text/html; charset=utf-8")
        let script = "text/javascript; charset=utf-8"
        let bundle = WidgetBundle()
        var files = [
            "/": page,
            "/demo.html": page,
            "/demo.css": file(PackageResources.demo_css, "text/css; charset=utf-8"),
            "/claude-chat.js": file(bundle.loader, script),
            // For a loader that a browser has kept since before an update: its names are gone.
            "/claude-chat-panel.js": file(bundle.panel, script),
            "/\(bundle.panelName)": file(bundle.panel, script, isForever: true),
        ]
        for (name, contents) in bundle.texts {
            files["/\(name)"] = file(contents, "application/json; charset=utf-8", isForever: true)
        }
        self.files = files
    }

    /// The answer to a request for a path; nothing where there is no such file.
    ///
    /// - Parameters:
    ///   - path: As in the request; only what is in the table is ever served, so it needs no cleaning.
    ///   - knownTag: The `If-None-Match` of the request.
    /// - Returns: The file, or that the client has it.
    func response(to path: String, knownTag: String?) -> Response? {
        guard let file = self.files[path] else { return nil }
        var headers = HTTPFields()
        headers[.eTag] = file.tag
        headers[.cacheControl] = file.isForever ? "public, max-age=31536000, immutable" : "public, max-age=300"
        headers[.contentSecurityPolicy] = Self.policy
        headers[.xContentTypeOptions] = "nosniff"
        // Sites embed the script from other origins; nothing in it is secret.
        headers[.accessControlAllowOrigin] = "*"
        guard knownTag != file.tag else { return Response(status: .notModified, headers: headers) }
        headers[.contentType] = file.type
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: file.contents))
    }

    /// Enough for the widget and nothing more: no inline script, no inline style, no other host.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'"
}
