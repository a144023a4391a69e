package verdict

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"assay/suite/internal/limits"
	"assay/suite/report"
	"assay/suite/report/reporttest"
)

// hostileTexts returns texts of this many bytes of which a target could write very many.
func hostileTexts(n int) map[string]string {
	texts := map[string]string{}
	for name, part := range map[string]string{
		"letters of three bytes": "€", "controls": "\x00\x1b", "markup": "<&>\"\\",
		"keys": "-----BEGIN PRIVATE KEY-----\n", "tokens": "token=A1b2C3d4 ",
	} {
		texts[name] = strings.Repeat(part, n/len(part))
	}
	return texts
}

// What a worker hands over of one case stays below the limits, whatever a target made it
// write: huge reasons, observations and evidence, and hundreds of each.
func TestOutcomeOfAHostileTargetIsBounded(t *testing.T) {
	t.Parallel()
	for name, text := range hostileTexts(8 << 10) {
		for whole, exchanges := range map[bool]int{true: 1100, false: 70} {
			t.Run(fmt.Sprintf("%s, whole %t", name, whole), func(t *testing.T) {
				filled := reporttest.Filled(text, 12).Results[0]
				o := Outcome{
					ID: "BYO-01", Status: report.Failed, Reason: strings.Repeat(text, 5), Cause: text,
					Evidence: filled.Evidence, Whole: whole, Observations: filled.Observations,
				}
				o.Evidence.Log, o.Evidence.LogTMS = nil, nil
				for range 400 {
					o.Evidence.Log = append(o.Evidence.Log, strings.ReplaceAll(text, "\n", " "))
				}
				x := o.Evidence.ACME[0]
				x.What, x.Detail, x.Fault = text[:200], text[:2<<10], "" // as the CA cuts them
				o.Evidence.ACME = nil
				for range exchanges {
					o.Evidence.ACME = append(o.Evidence.ACME, x)
				}
				o.Sanitize(nil, nil)
				checkOutcome(t, &o)
			})
		}
	}
}

func checkOutcome(t *testing.T, o *Outcome) {
	t.Helper()
	checkSize(t, "the reason", len(o.Reason), limits.Reason)
	checkSize(t, "the cause", len(o.Cause), limits.Reason)
	// JSON makes six bytes of one at most. Beside its texts a value has a few members.
	all := 0
	for i, x := range o.Observations {
		n := sizeOf(t, x.Value)
		checkSize(t, fmt.Sprintf("observation %d", i+1), n, 6*limits.Observation+1<<10)
		all += n
	}
	// The reason is an observation too.
	checkSize(t, "all observations", all, limits.Observations+6*limits.Reason+1<<10)
	checkSize(t, "the evidence", o.Evidence.Size(), limits.Case)
}

func sizeOf(t *testing.T, v any) int {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return len(text)
}

func checkSize(t *testing.T, what string, found, most int) {
	t.Helper()
	if found > most {
		t.Errorf("%s: found %d bytes, expected at most %d", what, found, most)
	}
}
