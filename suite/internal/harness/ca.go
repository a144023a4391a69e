package harness

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/onsi/ginkgo/v2"

	"assay/pebble"
)

// UseCA changes the spec's CA before it starts, that is, before the first use
// of [Env.CA] or of an ACME preset.
func (e *Env) UseCA(change func(*pebble.Options)) {
	e.caOptions = append(e.caOptions, change)
}

// CA is the spec's own certificate authority, started when first asked for:
// its HTTPS endpoint and DNS stand in the spec's world, its gateway at home,
// where Pebble's validation dials from (DESIGN §3, "The road back").
func (e *Env) CA() *pebble.CA {
	ginkgo.GinkgoHelper()
	if e.ca == nil {
		e.Must(e.startCA())
	}
	return e.ca
}

// startCA starts the CA. The hostname has the host's IPv4 address alone, where
// presets let the target listen; a CA would try an IPv6 address first.
func (e *Env) startCA() error {
	if err := e.startResolver(); err != nil {
		return err
	}
	sites := e.World.Services()
	endpoint, err := e.World.Listen("tcp", sites.ACME.String())
	if err != nil {
		return err
	}
	o := pebble.Options{
		ACME:      endpoint,
		Authority: sites.Authority,
		Resolver:  sites.HomeDNS.String(),
		Dial:      e.World.Dial,
		HTTPPort:  sites.HTTPPort,
		TLSPort:   sites.TLSPort,
	}
	if e.setup.Stock {
		o.Dialect = pebble.Stock
	}
	tcp, err := e.World.ListenHome("tcp", o.Resolver)
	if err != nil {
		return err
	}
	udp, err := e.World.ListenPacketHome("udp", o.Resolver)
	if err != nil {
		return err
	}
	o.DNSListeners, o.DNSPackets = []net.Listener{tcp}, []net.PacketConn{udp}
	for _, home := range sites.Gateway {
		for documented, port := range map[int]int{80: sites.HTTPPort, 443: sites.TLSPort} {
			listener, err := e.World.ListenHome("tcp", netip.AddrPortFrom(home, uint16(port)).String())
			if err != nil {
				return err
			}
			o.Gateway = append(o.Gateway, pebble.GatewayListener{
				Listener: listener,
				HTTP:     documented == 80,
				Forward:  net.JoinHostPort(e.hostLike(home).String(), strconv.Itoa(e.World.Port(documented))),
			})
		}
	}
	for _, change := range e.caOptions {
		change(&o)
	}
	ca, err := pebble.Start(o)
	if err != nil {
		return fmt.Errorf("the CA did not start: %w", err)
	}
	e.ca = ca
	e.Closers = append(e.Closers, ca.Close)
	ca.Point(e.Hostname, sites.Gateway[0])
	if err := os.WriteFile(e.Path("ca-bundle.pem"), ca.EndpointRoot(), 0o644); err != nil {
		return err
	}
	return e.probeCA(sites.ACME)
}

// hostLike is the host's address of the same family as the gateway's: a
// validation over IPv6 goes on over IPv6.
func (e *Env) hostLike(home netip.Addr) netip.Addr {
	v4, v6 := e.World.Host()
	if home.Is6() {
		return v6
	}
	return v4
}

// probeCA makes sure that the CA can be reached where targets look for it, so
// that a CA that is not there is never held against a target.
func (e *Env) probeCA(at netip.AddrPort) error {
	ctx, cancel := e.within(Limits.CA)
	defer cancel()
	conn, err := e.World.Dial(ctx, "tcp", at.String())
	if err != nil {
		return fmt.Errorf("the CA cannot be reached in the spec's world: %w", err)
	}
	return conn.Close()
}

// startResolver gives the world its DNS server, which the system resolver of
// whatever runs inside asks: the target's host and the CA's endpoint by name.
func (e *Env) startResolver() error {
	at := e.World.Services().DNS
	if !at.IsValid() {
		return nil // loopback: names are the machine's own business
	}
	tcp, err := e.World.Listen("tcp", at.String())
	if err != nil {
		return err
	}
	udp, err := e.World.ListenPacket("udp", at.String())
	if err != nil {
		return err
	}
	e.Resolver = pebble.NewDNS([]net.Listener{tcp}, []net.PacketConn{udp})
	e.Closers = append(e.Closers, e.Resolver.Close)
	v4, _ := e.World.Host()
	e.Resolver.Point(e.Hostname, v4)
	e.Resolver.Point(e.World.Services().Authority, e.World.Services().ACME.Addr())
	return nil
}

// validationTimeout says whether the CA gave up a validation for want of time.
// The target may have been too slow, or this machine.
func (e *Env) validationTimeout() bool {
	if e.ca == nil {
		return false
	}
	return slices.ContainsFunc(e.ca.Journal().Validations(), func(entry pebble.Entry) bool {
		return !entry.Valid() && outOfTime.MatchString(entry.Detail)
	})
}

// outOfTime matches what Pebble and Go say of a time limit that passed.
var outOfTime = regexp.MustCompile(`(?i)time(d )?-?out|deadline exceeded`)

// overload tells a target's failure from this machine's: Pebble gives DNS two
// seconds, and where the spec's own did not answer in that time, the CA could
// not look for the target at all. "" if nothing of the kind happened.
func (e *Env) overload() string {
	if e.ca == nil {
		return ""
	}
	for _, e := range e.ca.Journal().Validations() {
		if strings.Contains(e.Detail, "resolving") && strings.Contains(e.Detail, "i/o timeout") {
			return "this machine is overloaded: within two seconds the CA had no answer from the spec's own DNS (" + e.Detail + ")"
		}
	}
	return ""
}

// Inject puts faults into the script of the spec's CA. Only the edge in front
// of it can inject them.
func (e *Env) Inject(faults ...pebble.Fault) {
	ginkgo.GinkgoHelper()
	e.NeedsEdge()
	e.CA().Inject(faults...)
}

// AwaitFault waits until a fault of the script has befallen a request.
func (e *Env) AwaitFault() {
	ginkgo.GinkgoHelper()
	e.Await("a request to the CA that a fault befalls", func(j *pebble.Journal) bool { return len(j.Faults()) > 0 })
}

// ChallengePath is where HTTP-01 answers are looked for (RFC 8555 §8.3).
const ChallengePath = "/.well-known/acme-challenge/"

// PointHere makes a name lead to the target's host, for the CA and for
// whoever asks the system's resolver. It is an IPv4 address; see
// [Env.PointHere6].
func (e *Env) PointHere(name string) {
	v4, _ := e.World.Host()
	e.point(name, e.World.Services().Gateway[0], v4)
}

// PointHere6 makes a name lead to the target's host over IPv6 alone. Only a
// network namespace has it.
func (e *Env) PointHere6(name string) {
	gateways := e.World.Services().Gateway
	e.SkipUnless(len(gateways) > 1, "needs IPv6, which this machine does not have")
	_, v6 := e.World.Host()
	e.point(name, gateways[1], v6)
}

// point tells the CA, which validates through its gateway, and the system's
// resolver where a name leads.
func (e *Env) point(name string, gateway, host netip.Addr) {
	e.CA().Point(name, gateway)
	if e.Resolver != nil {
		e.Resolver.Point(name, host)
	}
}

// ForName are the keys of a server for another name than the spec's.
func ForName(hostname string) Settings {
	return Settings{"server_url": "https://" + hostname, "tls_letsencrypt_hostname": hostname}
}

// ChallengeProtocol is what a CA offers, alone, to see a challenge's
// certificate (RFC 8737 §6.2).
const ChallengeProtocol = "acme-tls/1"
