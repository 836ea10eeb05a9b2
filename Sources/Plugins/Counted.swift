/// A number and what it counts: `1 rule`, `2 rules`.
func counted(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
