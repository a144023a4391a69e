package suite

import (
	"syscall"
	"time"

	. "github.com/onsi/gomega"

	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// The specs below judge what signals do to a server, in each of its modes
// (scenarios/config.yaml).

var _ = Table("CFG-20", func(e *Env, row struct{ Mode, Moment string }) {
	e.SkipUnless(e.IsToldToReload(), "the target declares no signal and no command that reloads it")
	if row.Moment == "issuing" {
		reloadWhileIssuing(e, row.Mode)
		return
	}
	server, serves := e.StartIn(row.Mode)
	if row.Moment == "serving" {
		serves()
	} else {
		// The kernel shows a listener before its server handles signals. A server that
		// says anything, or ends the connection, has come further.
		e.SendAndAwait(server, []byte("GET / HTTP/1.0\r\n\r\n"))
	}
	expectReloadSurvived(e, server, serves)
})

// reloadWhileIssuing lets the server reload while the challenge is pending.
func reloadWhileIssuing(e *Env, mode string) {
	hold := e.HoldValidation(map[string]int{"http-01": 80, "tls-alpn-01": 443}[mode])
	defer hold.Release()
	server, serves := e.StartIn(mode)
	first := InBackground(func() *wire.Handshake { return e.HandshakeWhenIssued(server) })
	hold.Await()
	server.Reload()
	hold.Release()
	Expect(<-first).To(HaveFullChainTo(e.CA().Root()))
	expectReloadSurvived(e, server, serves)
}

// expectReloadSurvived lets the server reload twice, and expects it to go on serving
// for longer than the stop signal takes to end it. A certificate that is there by then
// serves on, and no further one is ordered.
func expectReloadSurvived(e *Env, server *Server, serves func()) {
	acme := server.Settings["tls_letsencrypt_hostname"] != nil
	server.Reload()
	serves()
	before := 0
	if acme {
		before = wastedOrders(e)
	}
	server.Reload()
	serves()
	sent := time.Now()
	watched := func(d time.Duration) {
		pause := time.NewTicker(100 * time.Millisecond)
		defer pause.Stop()
		for time.Since(sent) < d {
			serves()
			select {
			case <-pause.C:
			case <-server.Process.Exited():
			}
		}
	}
	watched(time.Second)
	Expect(server.Process).To(BeAlive())
	if acme {
		// An order for another type of key may be under way.
		e.Eventually(func(g Gomega) {
			g.Expect(wastedOrders(e)).To(BeNumerically("<=", before),
				"orders, without the first one for each type of key")
		}, "a reload to need no further order")
	}
	ending := server.Stop()
	if ending.Took < time.Second/2 {
		return
	}
	// A server that ends this slowly by the stop signal may end as slowly by a
	// reload.
	server.Start()
	server.AwaitReady()
	server.Reload()
	sent = time.Now()
	watched(2 * ending.Took)
	Expect(server.Process).To(BeAlive())
}

// wastedOrders returns how many orders the server has placed beyond one for each type of key
// of which it has a certificate.
func wastedOrders(e *Env) int {
	kinds := map[string]bool{}
	for _, entry := range e.Journal().Issued() {
		kinds[entry.KeyAlgorithm] = true
	}
	return len(e.Journal().Requests(pebble.KindNewOrder)) - len(kinds)
}

var _ = Table("CFG-21", func(e *Env, row struct{ Mode, Signal, Moment string }) {
	signal := syscall.SIGTERM
	if row.Signal == "sigint" {
		signal = syscall.SIGINT
	}
	if row.Moment == "issuing" {
		endWhileIssuing(e, row.Mode, signal)
		return
	}
	server, serves := e.StartIn(row.Mode)
	serves()
	e.Connect(server.Address(), nil) // a client that says nothing
	Expect(server.EndBy(signal)).To(EndWithin(5 * time.Second))

	server.Start()
	server.AwaitReady()
	serves()
})

// endWhileIssuing ends the server while the CA has not answered for a first certificate.
func endWhileIssuing(e *Env, mode string, signal syscall.Signal) {
	e.Inject(pebble.Slow(pebble.KindDirectory, time.Minute))
	server, serves := e.StartIn(mode)
	waiting := InBackground(func() *wire.Handshake { return e.Handshake(server) })
	defer func() { <-waiting }()
	e.AwaitFault()
	Expect(server.EndBy(signal)).To(EndWithin(5 * time.Second))

	e.CA().Restore()
	server.Start()
	server.AwaitReady()
	serves()
}
