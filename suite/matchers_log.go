package suite

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/sut"
	"assay/suite/report"
)

// SpeakOnStderr: the message went to standard error, and contains this. Of a
// target whose file says that it only logs what is wrong, any stream will do.
func SpeakOnStderr(word string) types.GomegaMatcher {
	return match("a message on standard error that names "+word, func(r *Refusal) (bool, string) {
		if !strings.Contains(r.Stderr, word) && !(r.MayLive && strings.Contains(r.Log, word)) {
			return false, "on standard error:\n" + r.Stderr + "in all:\n" + r.Log
		}
		return true, r.Stderr
	})
}

// WarnUnlike: more of the server's log lines contain one of these words, upper
// or lower case, than of the control's. Some servers print their configuration
// when they start, so that a word alone makes no warning. Both have to have
// ended: only then are their logs complete.
func WarnUnlike(control []sut.Line, words ...string) types.GomegaMatcher {
	expected := "a warning that names " + strings.Join(words, " or ") + ", which the control did not log"
	return match(expected, func(log []sut.Line) (bool, string) {
		ours, theirs := linesAbout(log, words), linesAbout(control, words)
		seen := fmt.Sprintf("%d lines, of the control %d\n%s", len(ours), len(theirs), strings.Join(ours, "\n"))
		return len(ours) > len(theirs), seen
	})
}

// linesAbout are the log lines that contain one of these words, upper or lower
// case; server_url is also found in ServerURL.
func linesAbout(log []sut.Line, words []string) []string {
	var found []string
	for _, line := range log {
		for _, word := range words {
			if strings.Contains(plain(line.Words()), plain(word)) {
				found = append(found, line.Text)
				break
			}
		}
	}
	return found
}

// said tells whether the server has logged this, in any of its starts. It has to
// have ended: only then is its log complete.
func (v *Server) said(words string) bool { return v.s.among(v.logs(), words) }

// unlike selects lines that contain a text, but for those that these logs have
// too: what a server says of the thing when all is well is no complaint.
func (s *Scenario) unlike(logs []*sut.Log, text string) func(sut.Line) bool {
	return func(l sut.Line) bool { return strings.Contains(l.Words(), text) && !s.among(logs, l.Words()) }
}

// among says whether logs have this line, but for what differs from start to
// start: times, ports, addresses, random parts and other numbers.
func (s *Scenario) among(logs []*sut.Log, words string) bool {
	mask := report.NewMask(s.roles())
	shape := func(text string) string { return number.ReplaceAllString(mask.Text(text), "0") }
	wanted := shape(words)
	return slices.ContainsFunc(logs, func(log *sut.Log) bool {
		return slices.ContainsFunc(log.Lines(), func(line sut.Line) bool { return shape(line.Words()) == wanted })
	})
}

// number matches one, masked or not.
var number = regexp.MustCompile(`[0-9]+|<port>`)

// plain is a text without what spellings of a key differ in.
func plain(text string) string {
	return strings.ReplaceAll(strings.ToLower(text), "_", "")
}
