package patience

import (
	"fmt"
	"os"
	"time"
)

// The environment variables from which a process of a run reads its limits.
const (
	// Variable changes how long a spec waits for a server. It holds a duration
	// such as "30s", for machines that are very slow.
	Variable = "ASSAY_PATIENCE"
	// StartVariable holds how long the server took to start when the run tried
	// it. The inner process of a run sets it for the workers.
	StartVariable = "ASSAY_MEASURED_START"
)

// Limits are the time limits of a run. None of them is part of a promise: a
// promise with a time limit, such as "within five seconds of the stop signal",
// has it in its spec.
type Limits struct {
	// Usual bounds the wait for anything that a server does. It is far above
	// what any of them takes, so that a loaded machine changes no verdict.
	Usual time.Duration
	// Start is by how much limits on a start grow: twice the measured start.
	Start time.Duration
	// Prompt is how soon a server that cannot do what its configuration says
	// must have ended.
	Prompt time.Duration
	// Vain is how long a client waits that is likely to wait in vain.
	Vain time.Duration
	// Change is how long a server has to change its mind: to end after it has
	// opened a listener, or to complain about files that have changed.
	Change time.Duration
	// Answer is how long a server may take to answer or close a connection on
	// which a client sent nonsense.
	Answer time.Duration
	// Listener is how long a server that is ready has to open the listener for
	// HTTP-01. A server that opens it for a challenge alone costs all of it.
	Listener time.Duration
	// CA bounds the wait for the suite's own CA, on the same machine.
	CA time.Duration
	// Browser bounds the start of a browser, which starts slowly.
	Browser time.Duration
	// Schedule bounds a target's schedule command, which computes for seconds.
	Schedule time.Duration
	// LastWords is how long a server has to log what a failed spec saw last. It
	// decides nothing: the report shows what is there by then.
	LastWords time.Duration
	// SpecAtLeast bounds a spec as a whole, with all its waits.
	SpecAtLeast time.Duration
}

// usual is the least value of Limits.Usual.
const usual = 20 * time.Second

// LimitsFor returns the limits for a server that takes start to start, where
// the user allows patience for each wait. Start is 0 where it is not known. A
// patience above 20 s lengthens every limit, a smaller one shortens Usual alone.
func LimitsFor(patience, start time.Duration) Limits {
	scale := func(d time.Duration) time.Duration {
		if patience <= usual {
			return d
		}
		return time.Duration(float64(d) * float64(patience) / float64(usual))
	}
	l := Limits{
		Usual:    max(patience, 4*start),
		Start:    2 * start,
		Browser:  scale(time.Minute),
		CA:       scale(10 * time.Second),
		Schedule: scale(90 * time.Second),

		LastWords: scale(200 * time.Millisecond),
	}
	l.Prompt = scale(5*time.Second) + l.Start
	l.Vain = scale(3*time.Second) + l.Start
	l.Change = scale(time.Second) + l.Start
	l.Answer = scale(time.Second) + l.Start
	l.Listener = l.Usual / 5
	l.SpecAtLeast = max(time.Minute, 8*l.Usual)
	return l
}

// FromEnvironment returns the limits that the environment asks for. The error
// says which variable holds no duration; the limits are usable all the same.
func FromEnvironment() (Limits, error) {
	patience, err := variable(Variable, usual)
	start, startErr := variable(StartVariable, 0)
	if err == nil {
		err = startErr
	}
	return LimitsFor(patience, start), err
}

// variable reads a duration from the environment.
func variable(name string, otherwise time.Duration) (time.Duration, error) {
	text := os.Getenv(name)
	if text == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return otherwise, fmt.Errorf("%s: found %q, expected a duration such as 30s", name, text)
	}
	return d, nil
}
