package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
)

// A Schedule is what a target's schedule command prints, as one JSON object
// and nothing else: how the server's own certificate source renews, played
// through in virtual time against a CA that it brings along (package
// testing/synctest is made for it). What takes months is seen within seconds.
//
// The command gets no arguments, exits with 0, and should take seconds. It
// looks up the certificate about once an hour, as clients would. Moments count
// in whole seconds from the first look-up, which obtains the first
// certificate. Members other than these are a mistake.
type Schedule struct {
	Schema int `json:"schema"` // 1
	// Span is how much time each entry of Working covers; two years or more
	// show what a certificate of 90 days does.
	Span    Seconds  `json:"span_s"`
	Working []Life   `json:"working"` // one for each lifetime, while the CA works
	Failing []Outage `json:"failing"` // one for each lifetime, while it does not
}

// Life is what became of a certificate while the CA worked.
type Life struct {
	Lifetime Seconds   `json:"lifetime_s"` // for which the CA issues
	Issued   int       `json:"issued"`     // certificates, the first one too
	Renewals []Renewal `json:"renewals"`   // in order
	// Uncovered is how long a look-up gave no certificate, or an expired one.
	Uncovered Seconds `json:"uncovered_s"`
	// Stopped says that the simulation was broken off before Span was over,
	// because the source asked the CA for ever more.
	Stopped bool `json:"stopped"`
}

// Renewal is a certificate that took the place of another.
type Renewal struct {
	At   Seconds `json:"at_s"`   // when it was issued
	Left Seconds `json:"left_s"` // what the one before had left to live
}

// Outage is what became of a certificate that fell due while the CA answered
// 500 to everything: from soon after the certificate was issued until one day
// after the first attempt to renew it, or its end if there was none.
type Outage struct {
	Lifetime Seconds   `json:"lifetime_s"`
	Attempts []Attempt `json:"attempts"` // in order
	Mended   Seconds   `json:"mended_s"` // when the CA worked again
	// Renewed is when the new certificate was issued, 0 if none was before the
	// old one ended; Left is what the old one had left then.
	Renewed Seconds `json:"renewed_s"`
	Left    Seconds `json:"left_s"`
	Stopped bool    `json:"stopped"`
}

// Attempt is a row of requests to the CA, each less than half a minute after
// the one before: what a client repeats at once belongs to one attempt.
type Attempt struct {
	At       Seconds `json:"at_s"` // the first request
	Requests int     `json:"requests"`
}

// Seconds is a length of virtual time, or a moment counted from the beginning.
type Seconds int64

// Duration is the length as Go's.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

// String is the length in days.
func (s Seconds) String() string { return fmt.Sprintf("%.1f days", s.Days()) }

// Days is the length in days, to a tenth: renewal is jittered by up to an hour,
// and what is recorded must not differ from run to run.
func (s Seconds) Days() float64 { return float64((int64(s)+4320)/8640) / 10 }

// scheduleSchema is the schema that [Scenario.Schedule] reads.
const scheduleSchema = 1

// schedulePatience bounds the schedule command, which computes for seconds: on a
// machine with much else to do it gets a small part of a processor. Specs
// that wait for another's command have some seconds more.
const schedulePatience = 90 * time.Second

// Schedule runs the target's schedule command, once in a run: the specs that
// look at its output share it. Without a command the spec is skipped.
func (s *Scenario) Schedule() *Schedule {
	ginkgo.GinkgoHelper()
	cmd, err := s.setup.Target.ScheduleCommand(s.Dir, s.setup.Env)
	if err != nil {
		s.SkipUnless(false, err.Error())
	}
	result, err := s.schedule(cmd)
	s.must(err)
	if result.Failure != "" {
		s.fail("expected  a schedule command that exits with code 0\nseen      " + indent(result.Failure))
	}
	schedule, err := readSchedule(result.Output)
	if err != nil {
		s.fail("expected  the renewal schedule as JSON (see type Schedule)\nseen      " + indent(err.Error()+"\n"+firstLine(string(result.Output))))
	}
	s.Observe("schedule", "days played through", schedule.Span.Days())
	return schedule
}

// scheduleResult is what came of the schedule command.
type scheduleResult struct {
	Output  []byte
	Failure string // how it ended, if not as it should
}

// schedule runs the command, if no other spec of the run has: whoever comes
// first runs it, while the others wait.
func (s *Scenario) schedule(cmd *exec.Cmd) (result scheduleResult, err error) {
	ctx, cancel := s.within(schedulePatience + 10*time.Second)
	defer cancel()
	path := filepath.Join(s.setup.Run.Scratch(), "schedule.json")
	unlock, err := lockFile(ctx, path+".lock")
	if err != nil {
		return result, fmt.Errorf("waiting for another spec's schedule command: %w", err)
	}
	defer unlock()
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		return result, json.Unmarshal(text, &result)
	case !errors.Is(err, fs.ErrNotExist):
		return result, err
	}
	if result, err = s.runSchedule(cmd); err != nil {
		return result, err
	}
	if text, err = json.Marshal(result); err != nil {
		return result, err
	}
	return result, os.WriteFile(path, text, 0o600)
}

// runSchedule runs the command as the target's: in the spec's world. The error
// is Assay's own.
func (s *Scenario) runSchedule(cmd *exec.Cmd) (result scheduleResult, err error) {
	ctx, cancel := s.within(schedulePatience)
	defer cancel()
	var output, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &trouble
	if err := s.World.Start(cmd); err != nil {
		return result, fmt.Errorf("starting the schedule command: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	defer stop()
	err = cmd.Wait()
	result.Output = output.Bytes()
	switch {
	case ctx.Err() != nil:
		result.Failure = fmt.Sprintf("no end within %s", schedulePatience)
	case err != nil:
		result.Failure = strings.TrimSpace(err.Error() + "\n" + trouble.String())
	}
	return result, nil
}

// readSchedule reads the output strictly: a member with another name than
// expected would look like one that says 0.
func readSchedule(output []byte) (*Schedule, error) {
	var schedule Schedule
	decoder := json.NewDecoder(bytes.NewReader(output))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&schedule); err != nil {
		return nil, err
	}
	switch {
	case schedule.Schema != scheduleSchema:
		return nil, fmt.Errorf("schema: found %d, expected %d", schedule.Schema, scheduleSchema)
	case schedule.Span <= 0:
		return nil, fmt.Errorf("span_s: found %d, expected more than 0", schedule.Span)
	case decoder.More():
		return nil, errors.New("found more after the JSON object, expected nothing")
	}
	return &schedule, nil
}

// Life is the entry for a lifetime.
func (s *Schedule) Life(lifetime time.Duration) (Life, bool) {
	for _, l := range s.Working {
		if l.Lifetime.Duration() == lifetime {
			return l, true
		}
	}
	return Life{}, false
}

// Outage is the entry for a lifetime.
func (s *Schedule) Outage(lifetime time.Duration) (Outage, bool) {
	for _, o := range s.Failing {
		if o.Lifetime.Duration() == lifetime {
			return o, true
		}
	}
	return Outage{}, false
}
