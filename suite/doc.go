// Package suite checks whether a server's TLS does what its documentation says.
// It contains the specs, one file for each chapter of the catalogue (package
// assay/scenarios), and the functions that run them.
//
// # Embedding
//
// Call [Run] from a test. Every requirement of the catalogue becomes a subtest
// that is named after its ID:
//
//	func TestConformance(t *testing.T) {
//		suite.Run(t, suite.Options{Target: "target.yaml", Out: t.TempDir()})
//	}
//
// The target file says how the server is started and what it claims; "assay
// init" writes one in which every key is explained. [Options] has the same
// settings as the flags of "assay run". "go test -run TestConformance/BYO-03"
// runs one requirement.
//
// [Execute] runs the suite outside of a test and returns the report. It calls
// Progress of [Options] for each event meanwhile. [Examine] checks what this machine and
// a target allow, without judging the target.
//
// Keep such tests in a module of their own: importing this package raises
// golang.org/x/crypto to the version that Assay requires. The directory
// suite/example is a complete project with such a test.
//
// # Processes
//
// A run consists of several processes of the same executable. The outer process
// is the one that the user started. It starts the inner process in the world of
// the run: in namespaces of its own, or on loopback addresses. The inner process
// tries the target once and starts workers. Each worker runs specs, and each
// spec starts the server under test, in a network of its own and with a CA of
// its own.
//
// Importing this package therefore has an effect in processes that a run
// started: they do their work and exit while the package is initialized, before
// main and before any test of the embedder's. In all other processes importing
// the package has no effect.
//
// # Adding a requirement
//
// A requirement is an entry in scenarios/<chapter>.yaml and a spec of the same
// ID in suite/<chapter>.go:
//
//	var _ = Requirement("BYO-01", func(e *Env) {
//		id := e.Identity(pki.Spec{})
//		Expect(e.Handshake(e.StartOwn(id))).To(ServeExactly(id.Chain()))
//	})
//
// A spec uses its environment (package suite/internal/harness) and matchers
// (package suite/internal/match), and no other part of the suite. A known-bad
// server in fixtures/mutants shows that the spec can fail.
// .github/CONTRIBUTING.md describes each step, suite/ARCHITECTURE.md how the
// suite works, and suite/CONTRACTS.md the format of target files and reports.
package suite
