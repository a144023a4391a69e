package harness

import (
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"assay/suite/internal/logtext"
	"assay/suite/internal/match"
	"assay/suite/internal/sut"
	"assay/suite/report"
)

// Logged reports whether the server has logged a line with these words after any
// of its starts. The server must have ended: only then is its log complete.
func (v *Server) Logged(words string) bool {
	words, _, _ = strings.Cut(words, "\n") // the line itself; see [sut.Line.Words]
	return v.s.among(v.Logs(), v.s.named(sut.Line{Text: words}, v.Settings))
}

// NewLineWith selects lines that contain a text and that are not in these logs. The
// logs come from a server in good order, so their lines are no complaints.
func (e *Env) NewLineWith(logs []*sut.Log, text string) func(sut.Line) bool {
	return func(l sut.Line) bool { return strings.Contains(l.Words(), text) && !e.among(logs, l) }
}

// among reports whether the logs have this line. It ignores the parts of a line
// that differ from start to start; see [sut.Line.Shape].
func (e *Env) among(logs []*sut.Log, wanted sut.Line) bool {
	shape := wanted.Shape()
	return slices.ContainsFunc(logs, func(log *sut.Log) bool { return log.Says(shape) })
}

// Said reports whether a line with these words is among the lines, which a server
// of this spec wrote. It compares them by [sut.Line.Shape].
func (e *Env) Said(lines []sut.Line, words string) bool {
	words, _, _ = strings.Cut(words, "\n")
	var settings Settings
	if len(e.servers) > 0 {
		settings = e.servers[len(e.servers)-1].Settings
	}
	shape := e.named(sut.Line{Text: words}, settings).Shape()
	return slices.ContainsFunc(lines, func(line sut.Line) bool { return line.Shape() == shape })
}

// named returns the line with the names of this spec and of a server's
// configuration, which searches for words leave out.
func (e *Env) named(line sut.Line, settings Settings) sut.Line {
	return line.Named(e.names(settings))
}

// names returns the names that belong to this spec alone. They hold words of its
// chapter and its case, so they are taken out of a line before it is searched for
// words. Values of the configuration are among them, unless a value may be an
// ordinary word.
func (e *Env) names(settings Settings) *logtext.Names {
	v4, v6 := e.World.Host()
	label, _, _ := strings.Cut(e.Hostname, ".")
	names := &logtext.Names{
		Words: []string{
			e.Hostname, label, filepath.Base(e.Dir), e.requirement.ID, v4.String(), v6.String(),
		},
		Dirs: []string{e.Dir},
	}
	if real, err := filepath.EvalSymlinks(e.Dir); err == nil && real != e.Dir {
		names.Dirs = append(names.Dirs, real)
	}
	for _, value := range settings {
		text, _ := value.(string)
		_, err := netip.ParseAddrPort(text) // addresses are taken out anyway
		if err != nil && len(text) > 4 && strings.ContainsAny(text, "/:.") {
			names.Words = append(names.Words, text)
		}
	}
	return names
}

// ExpectQuiet fails the spec if the server has written a line about these words
// between the refusals of two foreign names; see [Env.RefuseHandshake]. If the
// server has written anything, ExpectQuiet watches it for the same time again while
// nobody connects. A line that the server also writes then is not about handshakes.
func (e *Env) ExpectQuiet(server *Server, from, to string, words ...string) {
	ginkgo.GinkgoHelper()
	between, _ := match.Between(server.Log(), from, to)
	var idle []sut.Line
	if len(between) > 0 {
		took := max(100*time.Millisecond, between[len(between)-1].T-between[0].T)
		e.pause(took) // for lines that come late
		mark := server.Process.Log().Mark()
		e.pause(took)
		idle = server.Process.Log().Since(mark)
	}
	gomega.Expect(server.Log()).To(match.LogNothingBetween(from, to, idle, words...))
}

// pause waits for a time in which no client connects to the server.
func (e *Env) pause(d time.Duration) {
	ctx, cancel := e.within(d)
	defer cancel()
	<-ctx.Done()
}

// Complains reports whether a line is about a failure, by its level or by its words. The
// names of the spec do not count.
func Complains(l sut.Line) bool {
	return l.Level() >= logtext.Warning || complaint.MatchString(l.Subject())
}

// ContainsAll selects log lines with each of these texts.
func ContainsAll(texts []string) func(sut.Line) bool {
	return func(l sut.Line) bool {
		words := l.Words()
		return !slices.ContainsFunc(texts,
			func(text string) bool { return !strings.Contains(words, text) })
	}
}

// Mentions selects log lines with a text.
func Mentions(text string) func(sut.Line) bool {
	return func(l sut.Line) bool { return strings.Contains(l.Words(), text) }
}

// ValidationPort matches a line that says where the CA connects for a TLS-ALPN-01
// challenge: port 443.
var ValidationPort = regexp.MustCompile(`(?i)\b443\b.*(warn|challenge|TLS-ALPN-01|forward)` +
	`|(warn|challenge|TLS-ALPN-01|forward).*\b443\b`)

// noteWarnings notes the lines at warning level that the server wrote before it
// was ready. The configuration is in order, so the verdict shows such a line, and
// people decide whether the server or the spec is wrong.
func (v *Server) noteWarnings() {
	lines := v.Process.Log().Lines()
	for _, line := range lines[:min(v.ready, len(lines))] {
		if v.Settings.challengedElsewhere() && ValidationPort.MatchString(line.Subject()) {
			continue // ALPN01-08 is about it
		}
		if line.Level() >= logtext.Warning {
			v.s.warnings = append(v.s.warnings, line.Text)
		}
	}
}

// findings records the warnings of a spec that did not announce any.
func (e *Env) findings() {
	if len(e.warnings) > 0 && !Specs[e.requirement.ID].warned {
		e.Observe("log", report.Unannounced, e.warnings)
	}
}
