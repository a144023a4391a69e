package explain

import (
	_ "embed"
	"encoding/json"
)

//go:generate go test -count=1 -run ^TestStepsAreCurrent$ . -update

//go:embed steps.json
var stepsFile []byte

// The kinds of a step.
const (
	Do    = "do"    // the spec makes the server or a client do something
	Check = "check" // an assertion
	Note  = "note"  // a comment in the spec
)

// A Step is one thing that a spec does. The texts are the documentation of the
// functions that the spec calls, and the comments in it.
type Step struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// stepsOf returns what the spec of a requirement does, in the order of its source.
func stepsOf(id string) ([]Step, error) {
	var all map[string][]Step
	if err := json.Unmarshal(stepsFile, &all); err != nil {
		return nil, err
	}
	return all[id], nil
}
