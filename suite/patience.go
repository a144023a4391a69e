package suite

import (
	"fmt"
	"os"
	"time"
)

// PatienceVariable is an environment variable that changes how long a spec
// waits for a target: a duration such as 30s, for machines that are very slow.
const PatienceVariable = "ASSAY_PATIENCE"

// patience bounds every wait for a target. It is far above what any of them
// takes, so that a loaded machine changes no verdict.
var patience, patienceErr = readPatience()

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
