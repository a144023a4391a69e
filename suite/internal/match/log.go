package match

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/logtext"
	"assay/suite/internal/sut"
)

// LogNothingBetween succeeds if the server has written no line about these words,
// in upper or lower case, between the first line with the text from and the first
// one after it with the text to. The names of the run do not count: a line that
// tells where a connection came from is not about the words in the host's name.
// Lines that the server writes while nothing happens do not count either: the
// lines of idle are such ones.
func LogNothingBetween(from, to string, idle []sut.Line, words ...string) types.GomegaMatcher {
	expected := fmt.Sprintf("no log line about %s, between those with %s and with %s",
		strings.Join(words, ", "), from, to)
	return match(expected, func(log []sut.Line) (bool, string) {
		between, complete := Between(log, from, to)
		if !complete {
			return false, "no line with " + to
		}
		found := unlike(slices.DeleteFunc(between, func(line sut.Line) bool {
			said := origin.ReplaceAllString(strings.ToLower(line.Subject()), "")
			return !containsAny(said, words)
		}), idle)
		return len(found) == 0, texts(found)
	})
}

// origin matches what says which part of a program wrote a line, in lower case: a field such
// as caller=tls/conn.go:12, or the program before its number, as in acme[7]:.
var origin = regexp.MustCompile(`\b(logger|component|caller|source|file|module|program|ident)\b` +
	`["']?\s*[:=]\s*["']?[^\s"',]+|[\w.-]+\[[0-9]+\]:`)

// Between returns the lines between the first one with the text from and the first
// one after it with the text to, and whether there are both. The further lines of an
// entry with the text from are left out, such as those of a stack trace.
func Between(log []sut.Line, from, to string) (lines []sut.Line, complete bool) {
	begun, told := false, false // told: the line before belongs to an entry with from
	for _, line := range log {
		text := strings.ToLower(line.Words())
		told = strings.Contains(text, from) || told && logtext.Continues(line.Text)
		switch {
		case told:
			begun = true
		case begun && strings.Contains(text, to):
			return lines, true
		case begun:
			lines = append(lines, line)
		}
	}
	return lines, false
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

// WarnUnlike succeeds if the log has a line, unlike every line of the control's,
// that contains one of these words, in upper or lower case. A line that is the
// control's except in names, values of the configuration, numbers and times is
// alike: some servers print their configuration when they start, or tell the same
// thing again and again. A line at the level of information counts only if it
// complains. Both servers must have ended, so that their logs are complete.
func WarnUnlike(control []sut.Line, words ...string) types.GomegaMatcher {
	expected := "a warning that names " + strings.Join(words, " or ") +
		", which the control did not log"
	return match(expected, func(log []sut.Line) (bool, string) {
		fresh := unlike(log, control)
		for _, line := range fresh {
			informs := line.Level() == logtext.Info || line.Level() == logtext.Debug
			if names(line, words) && (!informs || alarm.MatchString(line.Subject())) {
				return true, line.Text
			}
		}
		return false, fmt.Sprintf("%d lines that the control did not log\n%s", len(fresh), texts(fresh))
	})
}

// RaiseNoAlarm succeeds if the log has no line, unlike every line of the
// controls', that warns: at the level of a warning or above, in whatever words,
// or without a level in the words of a warning. All servers must have ended. With two
// controls, of which the second was started as the first, a line may also differ from theirs
// in the words in which they differ.
func RaiseNoAlarm(controls ...[]sut.Line) types.GomegaMatcher {
	const expected = "no warning that the control did not log"
	var known []template
	if len(controls) > 1 {
		known = templates(controls[0], controls[1])
	}
	return match(expected, func(log []sut.Line) (bool, string) {
		var alarms []sut.Line
		for _, line := range unlike(log, slices.Concat(controls...)) {
			if slices.ContainsFunc(known, func(t template) bool { return t.fits(line) }) {
				continue
			}
			if beside.MatchString(line.Subject()) {
				continue
			}
			switch level := line.Level(); {
			case level >= logtext.Warning,
				level == logtext.Unknown && alarm.MatchString(line.Subject()):
				alarms = append(alarms, line)
			}
		}
		return len(alarms) == 0, texts(alarms)
	})
}

// beside matches warnings of a certificate that are true and not about its chain: that there
// is nobody to ask whether it was revoked, or that it may sign others.
var beside = regexp.MustCompile(`(?i)stapl|\bocsp\b|is a CA certificate|basicConstraints: CA`)

// alarm matches the words in which a line without a level warns.
var alarm = regexp.MustCompile(`(?i)\bwarn|caution|attention|beware` +
	`|cannot|can't|won't|don't|doesn't` +
	`|\b(may|might|will|would|do|does|can|could|is|are) not\b|\breject|\brefus|incomplete|missing` +
	`|untrusted|distrust|\bfail|\berror|broken|unable|invalid|problem|\brisk|\bbad\b|wrong|mismatch` +
	`|expired|expires|differ|ignor|insecure|unknown|unverif|should|must\b|instead|suspicious` +
	`|not (be )?(trusted|valid|match|covered|found)|no (such|chain|issuer|path)`)

// unlike returns the lines of a log that a control's log does not have, each
// once.
func unlike(log, control []sut.Line) []sut.Line {
	seen := map[string]bool{}
	for _, line := range control {
		seen[line.Shape()] = true
	}
	var fresh []sut.Line
	for _, line := range log {
		if shape := line.Shape(); !seen[shape] {
			seen[shape] = true
			fresh = append(fresh, line)
		}
	}
	return fresh
}

// names reports whether a line contains one of these words, in upper or lower
// case. The word server_url is also found in ServerURL.
func names(line sut.Line, words []string) bool {
	text := spelling(line.Words())
	return slices.ContainsFunc(words, func(word string) bool {
		return strings.Contains(text, spelling(word))
	})
}

// spelling returns a text without what spellings of a key differ in.
func spelling(text string) string {
	return strings.ReplaceAll(strings.ToLower(text), "_", "")
}

// texts returns the first lines for a message. The evidence has all of them.
func texts(lines []sut.Line) string {
	const most = 6
	var all []string
	for _, line := range lines[:min(len(lines), most)] {
		all = append(all, line.Text)
	}
	if n := len(lines) - most; n > 0 {
		all = append(all, fmt.Sprintf("… %d more", n))
	}
	return strings.Join(all, "\n")
}

// LogOnce succeeds if exactly one entry of the log contains this text. An entry that a server
// writes to several streams, in whatever formats, counts once, however many lines it has.
func LogOnce(text string) types.GomegaMatcher {
	return match("exactly one log line with "+text, func(log []sut.Line) (bool, string) {
		var found []sut.Line
		once := true
		for _, line := range log {
			if !strings.Contains(line.Words(), text) ||
				len(found) > 0 && logtext.Continues(line.Text) {
				continue
			}
			for _, other := range found {
				once = once && other.Stream != line.Stream && copies(other, line)
			}
			found = append(found, line)
		}
		return len(found) > 0 && once, fmt.Sprintf("%d\n%s", len(found), texts(found))
	})
}

// copies reports whether one of two lines says nothing that the other does not:
// the formats of two streams may add words of their own.
func copies(a, b sut.Line) bool {
	ours, theirs := wordsOf(a), wordsOf(b)
	for _, word := range formatWords {
		delete(ours, word)
		delete(theirs, word)
	}
	return subset(ours, theirs) || subset(theirs, ours)
}

// formatWords are words that formats of logs add to a message.
var formatWords = []string{
	"time", "ts", "timestamp", "level", "lvl", "severity", "msg", "message", "text", "logger",
	"caller", "info", "inf", "information", "warn", "warning", "wrn", "error", "err", "debug", "log",
	"stream", "source",
}

func wordsOf(line sut.Line) map[string]bool {
	words := map[string]bool{}
	other := func(r rune) bool { return !unicode.IsLetter(r) }
	for word := range strings.FieldsFuncSeq(strings.ToLower(line.Shape()), other) {
		words[word] = true
	}
	return words
}

func subset(some, all map[string]bool) bool {
	for word := range maps.Keys(some) {
		if !all[word] {
			return false
		}
	}
	return true
}

// MentionNone succeeds if no line of the log contains one of these words, in upper
// or lower case. The names of the run do not count, nor do lines for the server's
// developer, at the level of debugging: they may show all that the CA has said.
func MentionNone(words ...string) types.GomegaMatcher {
	expected := "no log line about " + strings.Join(words, ", ")
	return match(expected, func(log []sut.Line) (bool, string) {
		var found []string
		for _, line := range log {
			if logtext.LevelOf(line.Text) != logtext.Debug &&
				containsAny(strings.ToLower(line.Subject()), words) {
				found = append(found, line.Text)
			}
		}
		return len(found) == 0, strings.Join(found, "\n")
	})
}
