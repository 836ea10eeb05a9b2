// Brings the index PATH up to the folder FOLDER, a batch for each line on standard input, and says so before each of them.
//
//     DocumentsCrashWriter PATH FOLDER [full]

import Documents
import Foundation

let arguments = CommandLine.arguments
let index = try DocumentIndex.open(arguments[1]) { 1_000 }
let sources = [DocumentSource(path: arguments[2])]
_ = try index.update(sources, full: arguments.last == "full") { done, total in
    // Whoever kills it does so between two batches.
    FileHandle.standardOutput.write(Data("\(done) \(total)\n".utf8))
    return readLine() != nil
}
