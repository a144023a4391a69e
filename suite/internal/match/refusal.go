package match

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onsi/gomega/types"
)

// SpeakOnStderr succeeds if a complaint on standard error contains this word. If
// the target file says that the server only logs what is wrong, a complaint on
// standard output will do.
func SpeakOnStderr(word string) types.GomegaMatcher {
	expected := "a message on standard error that names " + word
	return match(expected, func(r *Refusal) (bool, string) {
		where := r.StderrComplaints
		if r.MayLive {
			where = r.Complaints
		}
		if !contains(where, word) {
			return false, "on standard error:\n" + r.Stderr + "in all:\n" + r.Log
		}
		return true, r.Stderr
	})
}

// BeRefusal succeeds if the target refused its configuration: it exited with a
// code other than 0, wrote a complaint, opened no listener and left no file. The
// complaints together must contain each of these words. If the target file says
// that the server only logs what is wrong, the process may live on without the
// listener.
func BeRefusal(words ...string) types.GomegaMatcher {
	return beRefusal(strings.Join(words, ", "), words...)
}

// BeRefusalOfLine succeeds if the target refused its configuration and named a
// line by its number.
func BeRefusalOfLine(number int) types.GomegaMatcher {
	word := strconv.Itoa(number)
	return beRefusal("line "+word, word)
}

// beRefusal returns the matcher of [BeRefusal]. called says what the words are.
func beRefusal(called string, words ...string) types.GomegaMatcher {
	expected := "a refusal: exit code not 0, a message, no listener, no file written"
	if len(words) > 0 {
		expected = "a refusal that names " + called +
			": exit code not 0, no listener, no file written"
	}
	return match(expected, func(r *Refusal) (bool, string) {
		named := len(r.Complaints) > 0
		for _, word := range words {
			named = named && contains(r.Complaints, word)
		}
		return r.refused() && named, r.String()
	})
}

// BeRefusalNamingOneOf succeeds if the target refused its configuration, in
// complaints that contain at least one of these words.
func BeRefusalNamingOneOf(words ...string) types.GomegaMatcher {
	expected := "a refusal that names " + strings.Join(words, " or ") +
		": exit code not 0, no listener, no file written"
	return match(expected, func(r *Refusal) (bool, string) {
		named := slices.ContainsFunc(words, func(word string) bool {
			return contains(r.Complaints, word)
		})
		return r.refused() && named, r.String()
	})
}

// contains reports whether one of the lines contains a word. A number counts only
// where it is not part of another number, a time or an address.
func contains(lines []string, word string) bool {
	find := strings.Contains
	if strings.Trim(word, "0123456789") == "" {
		find = containsNumber
	}
	return slices.ContainsFunc(lines, func(line string) bool { return find(line, word) })
}

func containsNumber(line, number string) bool {
	for _, at := range wholeNumber.FindAllStringSubmatchIndex(line, -1) {
		if at[2] >= 0 && line[at[2]:at[3]] == number {
			return true
		}
	}
	return false
}

// wholeNumber matches times, dates, addresses, decimals and other numbers. Its
// group holds only the other numbers: 12 in "config.yaml:12:3" and in "line 12".
var wholeNumber = regexp.MustCompile(`\d+(?:[:.]\d+){2,}(?:[.,]\d+)?` +
	`|\d+[-/]\d+[-/]\d+(?:T\d+)?|\d+\.\d+|(\d+)`)

// Refusal records what a target did with a configuration that it should refuse.
type Refusal struct {
	Exited    bool
	ExitCode  int
	Log       string   // everything it wrote
	Stderr    string   // what it wrote to standard error
	Listening bool     // it opened a listener
	Written   []string // files that it left below the spec's directory

	// Complaints are the lines of the log that can give the reason; see
	// [Complaints]. StderrComplaints are those on standard error.
	Complaints, StderrComplaints []string

	Began   time.Time     // when the target was started
	Waited  time.Duration // how long it had to exit, or to open a listener
	MayLive bool          // the target's file says that it only logs what is wrong
}

func (r *Refusal) refused() bool {
	ended := r.Exited && r.ExitCode != 0 || r.MayLive && !r.Exited
	return ended && !r.Listening && len(r.Written) == 0
}

// String returns what happened in words, for failure messages.
func (r *Refusal) String() string {
	var b strings.Builder
	switch {
	case r.Listening:
		b.WriteString("it opened a listener")
	case r.Exited:
		fmt.Fprintf(&b, "it exited with code %d", r.ExitCode)
	default:
		fmt.Fprintf(&b, "it neither exited nor opened a listener within %s", r.Waited)
	}
	if len(r.Written) > 0 {
		fmt.Fprintf(&b, ", and left files: %s", strings.Join(r.Written, ", "))
	}
	switch log := strings.TrimSpace(r.Log); {
	case log == "":
		b.WriteString(", saying nothing")
	case len(r.Complaints) == 0:
		b.WriteString(", saying only what a healthy start says too\n" + log)
	default:
		b.WriteString(", saying\n" + log)
	}
	return b.String()
}
