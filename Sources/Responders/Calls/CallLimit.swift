/// How long the call of a responder may take.
///
/// For a responder that asks somebody outside, who should know how long an answer is worth anything.
public enum CallLimit {
    /// The limit of the running call, from its begin; nothing where no chain calls.
    @TaskLocal public static var current: Duration?
}
