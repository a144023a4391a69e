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
)

// Live: the server has not exited.
func Live() types.GomegaMatcher {
	return match("a server that lives on", func(v *Server) (bool, string) {
		select {
		case <-v.Process.Exited():
			return false, fmt.Sprintf("it exited with code %d, saying\n%s", v.Process.ExitCode(), v.Process.Log().Tail(12))
		default:
			return true, "it lives"
		}
	})
}

// ListenAtPort: the server has a listener at this documented port, on whichever
// address of either family.
func ListenAtPort(port int) types.GomegaMatcher {
	return match(fmt.Sprintf("a listener at port %d", port), func(v *Server) (bool, string) {
		all, err := v.s.World.Listeners()
		v.s.must(err)
		own := slices.DeleteFunc(all, func(l netip.AddrPort) bool { return slices.Contains(v.before, l) })
		at := slices.ContainsFunc(own, func(l netip.AddrPort) bool { return int(l.Port()) == v.s.World.Port(port) })
		return at, fmt.Sprint(own)
	})
}

// prompt is how soon a server that cannot do what it was told must have said
// so and ended. Nobody looks at a log for longer before trying a client.
const prompt = 5 * time.Second

// AwaitEnd starts the target, waits for it to end by itself, and returns it. It
// need not: [EndInError] judges.
func (s *Scenario) AwaitEnd(keys Keys, options ...StartOption) *Server {
	ginkgo.GinkgoHelper()
	server := s.prepare(keys, options...)
	server.start()
	ctx, cancel := context.WithTimeout(s.ctx, prompt)
	defer cancel()
	select {
	case <-server.Process.Exited():
	case <-ctx.Done():
	}
	return server
}

// EndInError: the server has ended by itself, with an exit code other than 0,
// and has said why in words that contain one of these.
func EndInError(words ...string) types.GomegaMatcher {
	expected := fmt.Sprintf("an end within %s, with an exit code other than 0 and a message that names %s", prompt, strings.Join(words, " or "))
	return match(expected, func(v *Server) (bool, string) {
		log := v.Process.Log().Words()
		named := false
		for _, word := range words {
			named = named || strings.Contains(log, word)
		}
		select {
		case <-v.Process.Exited():
			return named && v.Process.ExitCode() != 0, fmt.Sprintf("exit code %d, saying\n%s", v.Process.ExitCode(), v.Process.Log().Tail(12))
		default:
			return false, "it runs on, saying\n" + v.Process.Log().Tail(12)
		}
	})
}

// LogNothingBetween: between the first line with one text and the first with
// another, the server has written no line with any of these words, upper or
// lower case.
func LogNothingBetween(from, to string, words ...string) types.GomegaMatcher {
	expected := fmt.Sprintf("no log line about %s, between those with %s and with %s", strings.Join(words, ", "), from, to)
	return match(expected, func(v *Server) (bool, string) {
		var found []string
		between := false
		for _, line := range v.Process.Log().Lines() {
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
