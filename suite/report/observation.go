package report

import "slices"

// Observation is one fact about the target that can be compared with the same
// fact of another run.
type Observation struct {
	// Kind is one of chain, acme, error, alert, file, log, protocol, schedule, count and
	// walk.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Case names the row that observed the fact; "" without a table.
	Case string `json:"case,omitempty"`
	// Value is a JSON value as encoding/json decodes it into an any.
	Value any `json:"value"`
}

const (
	// Assertion is the name of the observation that holds what a failed
	// assertion said, in a requirement that is not judged.
	Assertion = "assertion"

	// Unannounced is the name of the observation, of kind "log", that holds
	// the warnings that a server logged when it started with a configuration
	// that gives no reason for one. They are shown and never judged.
	Unannounced = "warnings at start that no spec announced"
)

// Facts returns the observations that can be compared with another run: all but
// the message of a failed assertion, which holds times and serial numbers.
func (r *Result) Facts() []Observation {
	return slices.DeleteFunc(slices.Clone(r.Observations), func(o Observation) bool {
		return o.Name == Assertion
	})
}

// Unannounced returns the lines of the observations named [Unannounced].
func (r *Result) Unannounced() []string {
	var lines []string
	for _, o := range r.Observations {
		if o.Name != Unannounced {
			continue
		}
		values, _ := o.Value.([]any)
		for _, v := range values {
			if line, ok := v.(string); ok {
				lines = append(lines, line)
			}
		}
	}
	return lines
}
