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

// Logged reports whether the server has logged such a line, in any of its starts.
// The server must have ended: only then is its log complete.
func (v *Server) Logged(words string) bool {
	words, _, _ = strings.Cut(words, "\n") // the line itself, see [sut.Line.Words]
	return v.s.among(v.Logs(), v.s.named(sut.Line{Text: words}, v.Settings))
}

// NewLineWith selects lines that contain a text, but for those that these logs
// have too: what a server says of the thing when all is well is no complaint.
func (e *Env) NewLineWith(logs []*sut.Log, text string) func(sut.Line) bool {
	return func(l sut.Line) bool { return strings.Contains(l.Words(), text) && !e.among(logs, l) }
}

// among reports whether logs have this line, but for what differs from start to
// start. See [sut.Line.Shape].
func (e *Env) among(logs []*sut.Log, wanted sut.Line) bool {
	shape := wanted.Shape()
	return slices.ContainsFunc(logs, func(log *sut.Log) bool {
		return slices.ContainsFunc(log.Lines(), func(line sut.Line) bool { return line.Shape() == shape })
	})
}

// Said reports whether these lines, which a server of this spec wrote, hold one
// like this. See [sut.Line.Shape].
func (e *Env) Said(lines []sut.Line, words string) bool {
	words, _, _ = strings.Cut(words, "\n")
	var settings Settings
	if len(e.servers) > 0 {
		settings = e.servers[len(e.servers)-1].Settings
	}
	shape := e.named(sut.Line{Text: words}, settings).Shape()
	return slices.ContainsFunc(lines, func(line sut.Line) bool { return line.Shape() == shape })
}

// named gives a line the names of this spec and of a server's configuration.
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
		_, err := netip.ParseAddrPort(text) // whose parts are taken out anyway
		if err != nil && len(text) > 4 && strings.ContainsAny(text, "/:.") {
			names.Words = append(names.Words, text)
		}
	}
	return names
}

// ExpectQuiet fails the spec if the server has written a line about these words
// between the refusals of two foreign names, see [Env.RefuseHandshake]. If it has
// written anything, it is watched for as long again while nobody connects: a line
// that it writes then too is not about handshakes.
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

// pause lets time pass in which nothing is done to the server.
func (e *Env) pause(d time.Duration) {
	ctx, cancel := e.within(d)
	defer cancel()
	<-ctx.Done()
}

// Complains reports whether a line tells of a failure, in whatever words. The
// names of the spec do not count.
func Complains(l sut.Line) bool { return Complaint.MatchString(l.Subject()) }

// ContainsAll selects log lines with each of these texts.
func ContainsAll(texts []string) func(sut.Line) bool {
	return func(l sut.Line) bool {
		words := l.Words()
		return !slices.ContainsFunc(texts,
			func(text string) bool { return !strings.Contains(words, text) })
	}
}

// Mentions matches log lines with a text.
func Mentions(text string) func(sut.Line) bool {
	return func(l sut.Line) bool { return strings.Contains(l.Words(), text) }
}

// WhereTheCAComes matches a line about port 443, in whatever words.
var WhereTheCAComes = regexp.MustCompile(`(?i)\b443\b.*(warn|challenge|TLS-ALPN-01|forward)` +
	`|(warn|challenge|TLS-ALPN-01|forward).*\b443\b`)

// noteWarnings looks at what the server wrote until it was ready. A line at
// warning level about a configuration that is in order is a finding, shown with
// the verdict: it is for people to say what is wrong, the server or the spec.
func (v *Server) noteWarnings() {
	lines := v.Process.Log().Lines()
	for _, line := range lines[:min(v.ready, len(lines))] {
		if v.Settings.challengedElsewhere() && WhereTheCAComes.MatchString(line.Subject()) {
			continue // ALPN01-08 is about it
		}
		if line.Level() >= logtext.Warning {
			v.s.warnings = append(v.s.warnings, line.Text)
		}
	}
}

// findings are the warnings that no spec announced.
func (e *Env) findings() {
	if len(e.warnings) > 0 && !Specs[e.requirement.ID].warned {
		e.Observe("log", report.Unannounced, e.warnings)
	}
}
