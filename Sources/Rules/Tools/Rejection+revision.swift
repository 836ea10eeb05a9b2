public import Diagnostics

extension Rejection {
    /// The same mistakes of older files that were copied elsewhere: they name the revision, not the copy.
    ///
    /// - Parameters:
    ///   - revision: As it was asked for, `HEAD~1`.
    ///   - folder: The folder of the files in the work tree, with or without a slash at its end.
    ///   - copy: The folder that the files were copied to.
    /// - Returns: The mistakes at places such as `HEAD~1:rules/bugs.yaml:8:30`.
    public func naming(_ revision: String, of folder: String, copiedTo copy: String) -> Rejection {
        let (old, new) = (Self.withSlash(copy), "\(revision):\(Self.withSlash(folder))")
        return Rejection(
            self.diagnostics.map { diagnostic in
                var diagnostic = diagnostic
                diagnostic.place.file = diagnostic.place.file.replacing(old, with: new)
                // Of two places that contradict each other the other one stands in the text.
                diagnostic.problem = diagnostic.problem.replacing(old, with: new)
                diagnostic.hint = diagnostic.hint?.replacing(old, with: new)
                return diagnostic
            }
        )
    }

    private static func withSlash(_ folder: String) -> String { folder.hasSuffix("/") ? folder : folder + "/" }
}
