package match

import (
	"fmt"

	"github.com/onsi/gomega/types"

	"assay/pebble"
)

// HaveFailedAtMost succeeds if no more than n validations have failed.
func HaveFailedAtMost(n int) types.GomegaMatcher {
	expected := fmt.Sprintf("at most %d failed validations", n)
	return match(expected, func(j *pebble.Journal) (bool, string) {
		failed := j.Filter(func(e pebble.Entry) bool {
			return e.Kind == pebble.KindValidation && !e.Valid()
		})
		return len(failed) <= n, counted(failed)
	})
}

// HaveOrderedNothing succeeds if no client placed an order. A server may fetch the
// directory, a nonce or its account at any time.
func HaveOrderedNothing() types.GomegaMatcher {
	return match("no order", func(j *pebble.Journal) (bool, string) {
		return len(j.Requests(pebble.KindNewOrder)) == 0, Lines(j.Requests(pebble.KindAny), "none")
	})
}

// HaveRequestedAtMost succeeds if clients sent no more than n requests of all
// kinds together, connections that the CA turned away among them.
func HaveRequestedAtMost(n int) types.GomegaMatcher {
	expected := fmt.Sprintf("at most %d requests to the CA", n)
	return match(expected, func(j *pebble.Journal) (bool, string) {
		sent := j.Filter(func(e pebble.Entry) bool { return e.From == "target" })
		return len(sent) <= n, counted(sent)
	})
}

// counted returns the number of entries, and the first of them.
func counted(entries []pebble.Entry) string {
	return fmt.Sprintf("%d\n%s", len(entries), Lines(entries[:min(len(entries), 12)], ""))
}

// RefuseBefore succeeds if a server took fewer than this many bytes of something that
// does not end. The limit is a whole number of megabytes.
func RefuseBefore(limit int64) types.GomegaMatcher {
	const mib = 1 << 20
	expected := fmt.Sprintf("an answer, or the end of the connection, before %d MiB", limit/mib)
	return match(expected, func(taken int64) (bool, string) {
		return taken < limit, fmt.Sprintf("the server took %.1f MiB", float64(taken)/mib)
	})
}
