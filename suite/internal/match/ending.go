package match

import (
	"fmt"
	"time"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/sut"
)

// EndWithin succeeds if the process ended by itself, in this time after the stop
// signal. Its exit code does not matter: a process that does not catch the signal
// ends by it.
func EndWithin(limit time.Duration) types.GomegaMatcher {
	expected := fmt.Sprintf("an end within %s of the stop signal", limit)
	return within(limit, expected, func(e sut.Ending) (bool, string) {
		return !e.EndedEarly && !e.Killed && e.Took <= limit, e.String()
	})
}
