package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"assay/pebble"
	"assay/suite/internal/match"
)

// within is the spec's context with a deadline.
func (e *Env) within(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(e.ctx, d)
}

// Await waits until the CA's journal shows what is described.
func (e *Env) Await(what string, condition func(*pebble.Journal) bool) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	if err := e.Journal().Wait(ctx, what, condition); err != nil {
		e.Fail("expected  " + what + "\nseen      " + match.Indent(err.Error()))
	}
}

// Eventually repeats the assertions until they hold: for what shows on the
// wire alone, where no event tells of it. A try is often a handshake, whose
// cost the other specs bear: so not too many of them.
func (e *Env) Eventually(assertions func(gomega.Gomega), what string) {
	ginkgo.GinkgoHelper()
	g := gomega.NewGomega(func(message string, callerSkip ...int) {
		e.Fail(ofGomega.ReplaceAllString(message, ""), callerSkip...)
	})
	g.Eventually(e.ctx, assertions).WithTimeout(Patience).WithPolling(80*time.Millisecond).Should(gomega.Succeed(), "awaited: "+what)
}

// ofGomega is what Gomega says of itself around the last failure of an
// assertion that was repeated.
var ofGomega = regexp.MustCompile(`(?m)^(?:Timed out after .*|The function passed to Eventually failed at .* with:)\n`)

// Shell runs a documented command line in the spec's world, as an operator
// would on the target's host, and returns what it prints.
func (e *Env) Shell(line string) string {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = e.Dir
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	e.Must(e.World.Start(cmd))
	if err := cmd.Wait(); err != nil && ctx.Err() != nil {
		e.Fail(fmt.Sprintf("expected  an end of: %s\nseen      %v after %s\n%s", line, context.Cause(ctx), Patience, output.String()))
	}
	return output.String()
}

// PatienceVariable is an environment variable that changes how long a spec
// waits for a target: a duration such as 30s, for machines that are very slow.
const PatienceVariable = "ASSAY_PATIENCE"

// Patience bounds every wait for a target. It is far above what any of them
// takes, so that a loaded machine changes no verdict.
var Patience, PatienceErr = readPatience()

func readPatience() (time.Duration, error) {
	const usual = 20 * time.Second
	text := os.Getenv(PatienceVariable)
	if text == "" {
		return usual, nil
	}
	given, err := time.ParseDuration(text)
	if err != nil || given <= 0 {
		return usual, fmt.Errorf("%s: found %q, expected a duration such as 30s", PatienceVariable, text)
	}
	return given, nil
}
