package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"assay/suite/internal/careful"
	"assay/suite/internal/harness"
	"assay/suite/internal/limits"
	"assay/suite/internal/match"
	"assay/suite/internal/wire"
	"assay/suite/internal/world"
	"assay/suite/report/words"
)

// issuanceLimit is how long the one issuance of [Examine] may take.
const issuanceLimit = 45 * time.Second

// findingsFile is the file in the report's directory by which the inner process of
// [Examine] says what it has found.
const findingsFile = "findings.json"

// tryTarget tries what a run needs of the target beside the probe, and leaves what came
// of it in the report's directory. It is no judgement: what goes wrong is described in
// words, for somebody whose server is not ready yet.
func (p *plan) tryTarget(ctx context.Context, inside *world.Run) error {
	var all []Finding
	tries := []func(context.Context, *world.Run) (Finding, error){p.tryClock}
	if p.target.Claims("acme") {
		tries = append([]func(context.Context, *world.Run) (Finding, error){p.issue}, tries...)
	}
	for _, try := range tries {
		limited, cancel := context.WithTimeout(ctx, issuanceLimit)
		f, err := try(limited, inside)
		cancel()
		if err != nil {
			return err
		}
		all = append(all, f)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return careful.WriteFile(filepath.Join(p.Out, findingsFile), text, 0o600)
}

// issue starts the target with the simplest configuration for ACME, and makes one
// handshake.
func (p *plan) issue(ctx context.Context, inside *world.Run) (f Finding, err error) {
	f = Finding{What: "issuance", Verdict: limited}
	e, err := openAside(ctx, p.setup(inside), "DOCTOR", 1)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	failure := failureOf(func() {
		began := time.Now()
		server := e.StartACME()
		ready := time.Now()
		seen := e.HandshakeWhenIssued(server)
		took := fmt.Sprintf("ready after %s, handshake after %s more",
			ready.Sub(began).Round(time.Millisecond), time.Since(ready).Round(time.Millisecond))
		if problem := issuanceProblem(e, seen); problem != "" {
			e.AwaitLastWords()
			f.Text = e.WithoutSecrets(fmt.Sprintf("by %s: %s (%s)%s",
				e.OwnChallenge(), problem, took, sawOfCA(e)))
		} else {
			f.Verdict = found
			f.Text = fmt.Sprintf("by %s: %s (%s)", e.OwnChallenge(),
				words.OneLine(match.Describe(seen)), took)
		}
		server.Stop()
	})
	if failure != "" {
		f.Text = "the target does not start with a configuration for ACME: " +
			words.OneLine(failure) + sawOfCA(e)
	}
	return f, nil
}

// issuanceProblem says what is wrong with what a client saw; "" if it saw a
// certificate of the CA for the configured name.
func issuanceProblem(e *harness.Env, seen *wire.Handshake) string {
	switch {
	case seen.Err != nil:
		return "the handshake failed: " + words.OneLine(match.Describe(seen))
	case seen.VerifyErr != nil:
		return fmt.Sprintf("the target served %s, which is no certificate of the CA for %s: %v",
			words.OneLine(match.Describe(seen)), e.Hostname, seen.VerifyErr)
	}
	return ""
}

// sawOfCA says what the CA saw of the target, and what that usually means.
func sawOfCA(e *harness.Env) string {
	entries := e.Journal().Entries()
	var last []string
	for _, entry := range entries[max(0, len(entries)-3):] {
		text := entry.What
		if entry.Status != 0 {
			text += fmt.Sprintf(" → %d", entry.Status)
		}
		last = append(last, strings.TrimSpace(words.Join(" ", text, entry.Problem, entry.Detail)))
	}
	if len(last) == 0 {
		cause, _ := e.NoContact()
		return e.WithoutSecrets("; the CA saw no request: " + words.OneLine(cause) +
			"; expected a target that uses acme_url, and trusts the roots in {{.CABundle}}")
	}
	return e.WithoutSecrets("; the CA saw last: " + words.OneLine(strings.Join(last, ", ")))
}

// readFindings reads what the inner process has found.
func readFindings(out string) ([]Finding, error) {
	text, err := careful.ReadFile(filepath.Join(out, findingsFile), limits.File)
	if err != nil {
		return nil, err
	}
	var all []Finding
	return all, json.Unmarshal(text, &all)
}
