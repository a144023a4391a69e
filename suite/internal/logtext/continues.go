package logtext

import "regexp"

// further matches the beginning of a line that goes on with the entry of the line before it.
var further = regexp.MustCompile(
	`^(\s+\S|Caused by: |Traceback \(most recent call last\):$|[A-Za-z_][\w.$]*(Error|Exception)\b)`)

// Continues reports whether a line goes on with the entry of the line before it, by its
// form: it is indented, or begins as stack traces of Java and Python do.
func Continues(line string) bool { return further.MatchString(Plain(line)) }
