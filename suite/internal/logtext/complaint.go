package logtext

import (
	"regexp"
	"strings"
)

// complaint matches what a line says that reports a failure, whatever its level.
var complaint = regexp.MustCompile(`(?i)\b(error|fail(ed|ure|s)?|cannot|can't|could not|couldn't|` +
	`unable|refus(ed|es|ing)|denied|invalid|missing|no such|not found|mismatch|timed? ?out|` +
	`panic|fatal|does not|must be|unknown|unexpected|bad)\b`)

// Complains reports whether a line says that something is wrong: by its level, or, if it
// has none, by its words.
func Complains(line string) bool {
	level := LevelOf(line)
	return level >= Warning || level == Unknown && complaint.MatchString(line)
}

var (
	// unreachable matches why a client got no connection, as Go programs say it.
	unreachable = regexp.MustCompile(`\b(?:lookup [^ :]+.*|x509: .*|dial tcp \S+:.*)$`)
	// askedResolver matches the resolver that was asked.
	askedResolver = regexp.MustCompile(` on [\d.:\[\]a-f]+:\d+:`)
)

// NoConnection returns why a line says that the program got no connection to another
// one, such as "lookup ca.example: no such host". It returns "" if the line does not say
// so.
func NoConnection(line string) string {
	if !Complains(line) {
		return ""
	}
	why := unreachable.FindString(strings.TrimRight(line, `"'}] `))
	return askedResolver.ReplaceAllString(why, ":")
}
