package life

import (
	"maps"
	"net/netip"
	"slices"

	"assay/pebble"
	"assay/suite/internal/harness"
	"assay/suite/internal/match"
)

// The forms of a second instance.
const (
	sameAgain    = "same"           // of the same configuration
	overTheCache = "over-the-cache" // at other addresses, with the same cache
)

// secondStep starts a second instance while the server runs. It looks at that one for a
// moment, and then whether the first one is as well as before.
func (l *life) secondStep(s Step) {
	from, start := "CFG-12", l.startAgain
	if s.How == overTheCache {
		from, start = "AUTOCERT-05", l.startOverTheCache
	}
	switch {
	case !l.up:
		l.seen("it does not run")
		return
	case l.walk.Mode == ModeOwn && l.onDisk == nil:
		l.seen("its pair is bad now")
		return
	case l.known[from]:
		l.seen("the target is known to fail %s", from)
		return
	}
	l.aside(append(slices.Clone(l.also), from), start)
	l.visit(able())
}

// startAgain starts the server's configuration once more. Its addresses are taken.
func (l *life) startAgain() {
	var addresses []string
	for _, key := range []string{"listen_addr", "tls_letsencrypt_listen"} {
		text, _ := l.server.Settings[key].(string)
		if at, err := netip.ParseAddrPort(text); err == nil && !at.Addr().IsUnspecified() {
			addresses = append(addresses, text)
		}
	}
	if len(addresses) == 0 || !l.e.Claims("config") {
		l.seen("no message is promised for these addresses")
		return
	}
	l.contacts++
	process := l.e.AwaitEnd(l.server.Settings)
	named := func(address string) bool {
		ok, err := match.EndInError(address).Match(process)
		return ok && err == nil
	}
	if !slices.ContainsFunc(addresses, named) {
		l.expect(invTaken, process, match.EndInError(addresses[0]))
	}
	l.seen("it ends: its address is taken")
}

// startOverTheCache starts a server at other addresses that shares the cache.
func (l *life) startOverTheCache() {
	fresh := l.hasValid() && l.good.NotAfter.Sub(l.e.Now()) > l.lifetime-l.soonestRenewal()
	switch {
	case !fresh || !l.calm || l.doubt || l.unstored:
		l.seen("there is no certificate to share")
		return
	case l.walk.With["port"] != "" || l.walk.With["ca-url"] != "":
		l.seen("it has the addresses that another one would have")
		return
	}
	settings := maps.Clone(l.server.Settings)
	settings["listen_addr"] = l.e.Addr(9000)
	if l.walk.Mode == ModeHTTP {
		settings["tls_letsencrypt_listen"] = l.e.Addr(5081)
	}
	orders := len(l.e.Journal().Requests(pebble.KindNewOrder))
	l.served(invShares, settings, func(second *harness.Server) {
		l.expect(invShares, l.e.Handshake(second), match.ServeLeaf(l.good))
	})
	l.expect(invShares, l.e.Journal(), match.HaveOrdered(orders))
	l.seen("it serves the same certificate")
}
