import Documents
import Foundation

/// A folder of documents with an index beside it, removed with the value.
final class DocumentFolder {
    let path: String
    var documents: String { "\(self.path)/documents" }
    var indexPath: String { "\(self.path)/index.sqlite" }

    init() throws {
        self.path = FileManager.default.temporaryDirectory.appending(path: "documents-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: "\(self.path)/documents", withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    func write(_ text: String, to name: String) throws { try self.write(Data(text.utf8), to: name) }

    func write(_ data: Data, to name: String) throws {
        let path = "\(self.documents)/\(name)"
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try data.write(to: URL(fileURLWithPath: path))
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(self.documents)/\(name)") }

    var source: DocumentSource { DocumentSource(path: self.documents, url: "/docs/") }

    func open(_ synonyms: Synonyms = Synonyms()) throws -> DocumentIndex {
        try DocumentIndex.open(self.indexPath, synonyms: synonyms) { Int64(Date().timeIntervalSince1970 * 1_000) }
    }

    /// An index of the documents as they are.
    func indexed(_ source: DocumentSource? = nil, synonyms: Synonyms = Synonyms()) throws -> DocumentIndex {
        let index = try self.open(synonyms)
        _ = try index.update([source ?? self.source])
        return index
    }
}

extension DocumentIndex {
    func urls(_ text: String, lang: String? = nil, page: String? = nil, limit: Int = 5) throws -> [String] {
        try self.searchNow(DocumentQuery(text, lang: lang, page: page, limit: limit)).map(\.url)
    }
}
