package suite

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega/types"

	"assay/suite/internal/sut"
)

// Live: the server has not exited.
func Live() types.GomegaMatcher {
	return match("a server that lives on", func(p *sut.Process) (bool, string) {
		select {
		case <-p.Exited():
			return false, fmt.Sprintf("it exited with code %d, saying\n%s", p.ExitCode(), p.Log().Tail(12))
		default:
			return true, "it lives"
		}
	})
}

// ListenAtPort succeeds if one of a server's listeners has this port, on
// whichever address of either family.
func ListenAtPort(port int) types.GomegaMatcher {
	return match(fmt.Sprintf("a listener at port %d", port), func(own []netip.AddrPort) (bool, string) {
		at := slices.ContainsFunc(own, func(l netip.AddrPort) bool { return int(l.Port()) == port })
		return at, fmt.Sprint(own)
	})
}

// prompt is how soon a server that cannot do what it was told must have said
// so and ended. Nobody looks at a log for longer before trying a client.
const prompt = 5 * time.Second

// AwaitEnd starts the target, waits for it to end by itself, and returns it. It
// need not: [EndInError] judges.
func (s *Scenario) AwaitEnd(keys Keys, options ...StartOption) *sut.Process {
	ginkgo.GinkgoHelper()
	server := s.prepare(keys, options...)
	server.start()
	ctx, cancel := context.WithTimeout(s.ctx, prompt)
	defer cancel()
	select {
	case <-server.Process.Exited():
	case <-ctx.Done():
	}
	return server.Process
}

// EndInError: the server has ended by itself, with an exit code other than 0,
// and has said why in words that contain one of these.
func EndInError(words ...string) types.GomegaMatcher {
	expected := fmt.Sprintf("an end within %s, with an exit code other than 0 and a message that names %s", prompt, strings.Join(words, " or "))
	return match(expected, func(p *sut.Process) (bool, string) {
		log := p.Log().Words()
		named := false
		for _, word := range words {
			named = named || strings.Contains(log, word)
		}
		select {
		case <-p.Exited():
			return named && p.ExitCode() != 0, fmt.Sprintf("exit code %d, saying\n%s", p.ExitCode(), p.Log().Tail(12))
		default:
			return false, "it runs on, saying\n" + p.Log().Tail(12)
		}
	})
}

// LogNothingBetween: between the first line with one text and the first with
// another, the server has written no line with any of these words, upper or
// lower case.
func LogNothingBetween(from, to string, words ...string) types.GomegaMatcher {
	expected := fmt.Sprintf("no log line about %s, between those with %s and with %s", strings.Join(words, ", "), from, to)
	return match(expected, func(log []sut.Line) (bool, string) {
		var found []string
		between := false
		for _, line := range log {
			text := strings.ToLower(line.Words())
			switch {
			case strings.Contains(text, from):
				between = true
			case strings.Contains(text, to):
				return len(found) == 0, strings.Join(found, "\n")
			case between && slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) }):
				found = append(found, line.Text)
			}
		}
		return false, "no line with " + to
	})
}
