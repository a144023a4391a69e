package suite

import (
	"context"
	"fmt"
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
		log := v.Process.Log().Text()
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
