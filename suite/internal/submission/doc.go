// Package submission makes, writes and checks the folder in which somebody sends
// the result of a run to other people: the report, the target file, how it was
// run, a badge, and a text that says all of it in plain words.
//
// A folder holds no secret and nothing of the machine but its kind: [Scrubber]
// replaces both. Its report has the evidence of what did not pass, and no more
// than [MaxReport] bytes. [Check] holds a folder of a stranger to the same rules.
package submission
