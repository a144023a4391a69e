package match

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/sut"
)

// BeAlive succeeds if the server has not exited.
func BeAlive() types.GomegaMatcher {
	return match("a server that lives on", func(p *sut.Process) (bool, string) {
		select {
		case <-p.Exited():
			return false, fmt.Sprintf("it exited with code %d, saying\n%s", p.ExitCode(), p.Log().Tail(12))
		default:
			return true, "it lives"
		}
	})
}

// HaveConnected succeeds for the error of a connection to an address if it is nil.
func HaveConnected(address string) types.GomegaMatcher {
	return &matcher{
		expected: "a connection to " + address,
		judge: func(actual any) (bool, string, error) {
			if actual == nil {
				return true, "a connection", nil
			}
			return false, fmt.Sprint(actual), nil
		},
	}
}

// ListenAtPort succeeds if one of a server's listeners has this port, on
// whichever address of either family.
func ListenAtPort(port int) types.GomegaMatcher {
	return match(fmt.Sprintf("a listener at port %d", port),
		func(own []netip.AddrPort) (bool, string) {
			at := slices.ContainsFunc(own, func(l netip.AddrPort) bool { return int(l.Port()) == port })
			return at, fmt.Sprint(own)
		})
}

// EndInError succeeds if the server has ended by itself, with an exit code
// other than 0, and has said why in words that contain one of these. The caller
// limits the time.
func EndInError(words ...string) types.GomegaMatcher {
	expected := fmt.Sprintf("a prompt end, with an exit code other than 0 and a message that names %s",
		strings.Join(words, " or "))
	return match(expected, func(p *sut.Process) (bool, string) {
		log := p.Log().Words()
		named := false
		for _, word := range words {
			named = named || strings.Contains(log, word)
		}
		select {
		case <-p.Exited():
			return named && p.ExitCode() != 0,
				fmt.Sprintf("exit code %d, saying\n%s", p.ExitCode(), p.Log().Tail(12))
		default:
			return false, fmt.Sprintf("it still runs after %s, saying\n%s",
				time.Since(p.Started()).Round(100*time.Millisecond), p.Log().Tail(12))
		}
	})
}

// EndWithin succeeds if the process ended in this time, with any exit code or by
// the signal itself. A tenth of the time is added: a server that gives its clients
// just this time, and then ends, takes a little longer.
func EndWithin(limit time.Duration) types.GomegaMatcher {
	expected := fmt.Sprintf("an end within %s of the signal", limit)
	limit += limit / 10
	return within(limit, expected, func(e sut.Ending) (bool, string) {
		return !e.EndedEarly && !e.Killed && e.Took <= limit, e.String()
	})
}
