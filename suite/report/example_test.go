package report_test

import (
	"fmt"
	"log"

	"assay/scenarios"
	"assay/suite/report"
)

// List the failures of a run, each with the command that repeats it.
func ExampleRead() {
	r, err := report.Read("testdata/report.json")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s with x/crypto %s: exit %d\n", r.Target.Name, r.Target.Autocert, r.Exit)
	fmt.Printf("MUST: %d passed\n", r.Summary.Of(scenarios.Must)[report.Passed])
	for _, x := range r.Results {
		if x.Fails(r.Strict) {
			fmt.Printf("%s %s\n  %s\n  %s\n", x.ID, x.Status, x.Reason, x.Evidence.Repeat)
		}
	}
	// Output:
	// reference with x/crypto v0.45.0: exit 2
	// MUST: 1 passed
	// BYO-02 failed
	//   dot-dot: served the decoy of the working directory
	//   assay run --target reference --only BYO-02 --keep
	// RES-03 unexpected-pass
	//   passed, but is listed as a known failure (used to fail): remove the entry
	//   assay run --target reference --only RES-03 --keep
	// RES-04 error
	//   the CA did not start
	//   assay run --target reference --only RES-04 --keep
}
