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

// BeAlive: the server has not exited.
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

// ListenAtPort succeeds if one of a server's listeners has this port, on
// whichever address of either family.
func ListenAtPort(port int) types.GomegaMatcher {
	return match(fmt.Sprintf("a listener at port %d", port), func(own []netip.AddrPort) (bool, string) {
		at := slices.ContainsFunc(own, func(l netip.AddrPort) bool { return int(l.Port()) == port })
		return at, fmt.Sprint(own)
	})
}

// Prompt is how soon a server that cannot do what it was told must have said
// so and ended. Nobody looks at a log for longer before trying a client.
const Prompt = 5 * time.Second

// EndInError: the server has ended by itself, with an exit code other than 0,
// and has said why in words that contain one of these.
func EndInError(words ...string) types.GomegaMatcher {
	expected := fmt.Sprintf("an end within %s, with an exit code other than 0 and a message that names %s", Prompt, strings.Join(words, " or "))
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

// BeClean: the process ended by itself, with exit code 0, in this time.
func BeClean(within time.Duration) types.GomegaMatcher {
	return match(fmt.Sprintf("an end with exit code 0 within %s of the stop signal", within), func(e sut.Ending) (bool, string) {
		return !e.Before && !e.Forced && e.Code == 0 && e.Took <= within, e.String()
	})
}

// EndWithin succeeds if the process ended in this time, with any exit code or by
// the signal itself.
func EndWithin(within time.Duration) types.GomegaMatcher {
	expected := fmt.Sprintf("an end within %s of the signal", within)
	return match(expected, func(e sut.Ending) (bool, string) {
		return !e.Before && !e.Forced && e.Took <= within, e.String()
	})
}
