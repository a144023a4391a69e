package harness

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/pebble/perspective"
	"assay/suite/internal/match"
	"assay/suite/internal/world"
)

// UseCA changes the options of the spec's CA. Call it before the first use of
// [Env.CA] or of an ACME preset, which starts the CA. Options that no spec sets come
// from the CA of the run, see package presets.
func (e *Env) UseCA(change func(*pebble.Options)) {
	e.caOptions = append(e.caOptions, change)
}

// Perspectives says from where the CA of a spec looks at the target, see
// [Env.UsePerspectives].
type Perspectives struct {
	Remote int           // how many there are beside the primary one
	Away   int           // how many of the remote ones reach nothing
	Last   time.Duration // how long after the first one the last one looks
}

// UsePerspectives makes the spec's CA validate from several addresses of different
// networks, as public CAs do: from where the CA connects otherwise, and then from each of
// the remote ones. Call it before the first use of [Env.CA]. The spec is skipped where
// there is no edge in front of the CA, and where 127.0.0.1 is the only loopback address.
func (e *Env) UsePerspectives(p Perspectives) {
	ginkgo.GinkgoHelper()
	e.SkipUnless(!e.setup.CA.Stock,
		"needs the edge in front of the CA, which looks from several perspectives")
	v4, v6, err := e.World.Sources(p.Remote)
	e.SkipUnless(!errors.Is(err, world.ErrUnsupported),
		"needs several loopback addresses, and this machine has 127.0.0.1 alone")
	e.Must(err)
	all := []perspective.Perspective{{Name: "primary"}}
	for i := range p.Remote {
		remote := perspective.Perspective{
			Name:    fmt.Sprintf("remote %d", i+1),
			Source4: v4[i],
			After:   p.Last * time.Duration(i+1) / time.Duration(p.Remote),
			Away:    i >= p.Remote-p.Away,
		}
		if len(v6) > 0 {
			remote.Source6 = v6[i]
		}
		all = append(all, remote)
	}
	e.UseCA(func(o *pebble.Options) { o.Perspectives, o.DialFrom = all, e.World.DialFrom })
}

// TakeTurns makes the CA's validations at a documented port of the target's host lead to
// that port and to another address, in turn, as a load balancer does that leaves out a
// server which is not there. The CA validates for each order, whatever CA it stands in for.
// Call TakeTurns before the first use of [Env.CA].
func (e *Env) TakeTurns(port int, other string) {
	var begun atomic.Int64
	e.UseCA(func(o *pebble.Options) {
		o.Reuse = pebble.NoReuse
		dial := o.Dial
		o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == e.Addr(port) && begun.Add(1)%2 == 0 {
				if conn, err := dial(ctx, network, other); err == nil {
					return conn, nil
				}
			}
			return dial(ctx, network, address)
		}
	})
}

// CA returns the spec's own certificate authority, and starts it at the first
// call. Its HTTPS endpoint is in the spec's world. Its DNS server and its gateway
// are in the home network, from which Pebble validates.
func (e *Env) CA() *pebble.CA {
	ginkgo.GinkgoHelper()
	if e.ca == nil {
		hosts := e.setup.Target.CAHosts
		e.SkipUnless(e.World.Kind() == world.Namespace || len(hosts) == 0,
			"needs the namespace world: the server asks "+strings.Join(hosts, ", ")+
				", which is a public CA elsewhere")
		e.Must(e.startCA())
	}
	return e.ca
}

// nonceLife is how long a nonce is good at a CA with a time of its own, unless the spec says
// otherwise. CAs forget nonces, and clients must then take a new one (RFC 8555 §6.5). A day
// is shorter than the time between two renewals and longer than that between two attempts.
// So a forgotten nonce comes of the last issuance, and RENEW-53 alone judges what happens
// when that of a failed attempt is forgotten too.
const nonceLife = 24 * time.Hour

// startCA starts the CA. The hostname has an IPv4 address only, because presets make
// the target listen there, and a CA would try an IPv6 address first.
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
	if hosts := e.setup.Target.CAHosts; len(hosts) > 0 {
		own, _, _ := strings.Cut(sites.Authority, ":")
		o.EndpointNames = append([]string{own}, hosts...)
	}
	o.Dialect = e.setup.CA.Dialect()
	if e.Time != nil {
		o.Now = e.Now
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
	for _, gateway := range sites.Gateway {
		for documented, port := range map[int]int{80: sites.HTTPPort, 443: sites.TLSPort} {
			address := netip.AddrPortFrom(gateway, uint16(port))
			listener, err := e.World.ListenHome("tcp", address.String())
			if err != nil {
				return err
			}
			target := netip.AddrPortFrom(e.hostBehind(gateway), uint16(e.World.Port(documented)))
			o.Gateway = append(o.Gateway, pebble.GatewayListener{
				Listener: listener,
				HTTP:     documented == 80,
				Forward:  target.String(),
			})
		}
	}
	for _, change := range e.caOptions {
		change(&o)
	}
	e.ownLifetime = o.Validity != 0
	if e.Time != nil {
		o.NonceLife = cmp.Or(o.NonceLife, nonceLife)
	}
	e.setup.CA.Complete(&o)
	ca, err := pebble.Start(o)
	if err != nil {
		return fmt.Errorf("the CA did not start: %w", err)
	}
	e.ca = ca
	e.Closers = append(e.Closers, ca.Close)
	if e.Time != nil {
		e.Time.Services = append(e.Time.Services, ca)
	}
	ca.Point(e.Hostname, sites.Gateway[0])
	if err := e.below.WriteFile("ca-bundle.pem", ca.EndpointRoot(), 0o644); err != nil {
		return err
	}
	return e.probeCA(sites.ACME)
}

// DirectoryURL returns the URL of the CA's directory, as the server knows it: the one that
// it is told, or that of the public CA that it asks. It starts the CA at the first call.
func (e *Env) DirectoryURL() string {
	ginkgo.GinkgoHelper()
	own := e.CA().DirectoryURL()
	if hosts := e.setup.Target.CAHosts; len(hosts) > 0 {
		return "https://" + hosts[0] + "/directory"
	}
	return own
}

// hostBehind returns the host's address of the same family as the gateway's, so
// that a validation over IPv6 reaches the host over IPv6.
func (e *Env) hostBehind(gateway netip.Addr) netip.Addr {
	v4, v6 := e.World.Host()
	if gateway.Is6() {
		return v6
	}
	return v4
}

// probeCA returns an error if the CA cannot be reached at the address that targets
// get, so that no target is accused because of it.
func (e *Env) probeCA(at netip.AddrPort) error {
	ctx, cancel := e.within(Limits.CA)
	defer cancel()
	conn, err := e.World.Dial(ctx, "tcp", at.String())
	if err != nil {
		return fmt.Errorf("the CA cannot be reached in the spec's world: %w", err)
	}
	return conn.Close()
}

// startResolver starts the DNS server that the world's system resolver asks. The
// server has the addresses of the target's host and of the CA's endpoint.
func (e *Env) startResolver() error {
	at := e.World.Services().DNS
	if !at.IsValid() {
		return nil // loopback: the resolver of the machine is used
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
	if e.Time != nil {
		e.Time.Services = append(e.Time.Services, e.Resolver)
	}
	v4, _ := e.World.Host()
	e.Resolver.Point(e.Hostname, v4)
	for _, host := range append([]string{e.World.Services().Authority}, e.setup.Target.CAHosts...) {
		e.Resolver.Point(host, e.World.Services().ACME.Addr())
	}
	return nil
}

// validationTimeout reports whether the CA gave up a validation because a time limit
// passed. Either the target was too slow or this machine was.
func (e *Env) validationTimeout() bool {
	if e.ca == nil {
		return false
	}
	return slices.ContainsFunc(e.ca.Journal().Validations(), func(entry pebble.Entry) bool {
		return !entry.Valid() && outOfTime.MatchString(entry.Detail)
	})
}

// outOfTime matches the messages of Pebble and Go about a time limit that passed.
var outOfTime = regexp.MustCompile(`(?i)time(d )?-?out|deadline exceeded`)

// overload returns a message if a validation failed because this machine is
// overloaded: Pebble waits two seconds for DNS, and the spec's own DNS server did
// not answer in that time. Otherwise it returns "".
func (e *Env) overload() string {
	if e.ca == nil {
		return ""
	}
	for _, entry := range e.ca.Journal().Validations() {
		detail := entry.Detail
		if strings.Contains(detail, "resolving") && strings.Contains(detail, "i/o timeout") {
			return "this machine is overloaded: the spec's own DNS server did not answer the CA " +
				"within two seconds (" + detail + ")"
		}
	}
	return ""
}

// Inject adds faults to the script of the spec's CA. The spec is skipped if there is
// no edge in front of the CA, which injects them.
func (e *Env) Inject(faults ...pebble.Fault) {
	ginkgo.GinkgoHelper()
	e.NeedsEdge()
	atOrder := func(f pebble.Fault) bool { return f.Kind() == pebble.KindOrder }
	if e.ca == nil && slices.ContainsFunc(faults, atOrder) {
		// Some clients ask for the state of an order only if finalize leaves it open.
		e.UseCA(func(o *pebble.Options) { o.Finalize = pebble.Asynchronous })
	}
	e.CA().Inject(faults...)
}

// AwaitFault waits until a request met a fault of the script.
func (e *Env) AwaitFault() {
	ginkgo.GinkgoHelper()
	e.Await("a request to the CA that meets an injected fault", func(j *pebble.Journal) bool {
		return len(j.Faults()) > 0
	})
}

// AnswersEveryToken reports whether the server answers a challenge that no CA has set with
// that challenge's key authorization. It then needs to know nothing but its account's key.
func (e *Env) AnswersEveryToken(address string) bool {
	answer := e.Get(address, ChallengePath+rand.Text())
	matches, err := match.ServeKeyAuthorization(answer.Request.Target).Match(answer)
	e.Must(err)
	return matches
}

// ChallengePath is the path below which a CA asks for the answers to HTTP-01
// challenges (RFC 8555 §8.3).
const ChallengePath = "/.well-known/acme-challenge/"

// PointHere gives a name the IPv4 address of the target's host, for the CA and for
// the system resolver. See [Env.PointHere6] for IPv6.
func (e *Env) PointHere(name string) {
	v4, _ := e.World.Host()
	e.point(name, e.World.Services().Gateway[0], v4)
}

// PointHere6 gives a name the IPv6 address of the target's host and no other one.
// The spec is skipped in a world without IPv6.
func (e *Env) PointHere6(name string) {
	gateways := e.World.Services().Gateway
	e.SkipUnless(len(gateways) > 1, "needs IPv6, which this machine does not have")
	_, v6 := e.World.Host()
	e.point(name, gateways[1], v6)
}

// point sets the address of a name for the CA, which validates through its gateway,
// and for the system resolver.
func (e *Env) point(name string, gateway, host netip.Addr) {
	e.CA().Point(name, gateway)
	if e.Resolver != nil {
		e.Resolver.Point(name, host)
	}
}

// ForName returns the keys of a server for another name than the spec's.
func ForName(hostname string) Settings {
	return Settings{"server_url": "https://" + hostname, "tls_letsencrypt_hostname": hostname}
}

// ChallengeProtocol is the only protocol that a CA offers in order to get the
// certificate of a TLS-ALPN-01 challenge (RFC 8737 §6.2).
const ChallengeProtocol = "acme-tls/1"

// pebbleDirectory is the path of Pebble's directory.
const pebbleDirectory = "/dir"

// discardLog drops the messages of net/http about handshakes that fail on purpose.
var discardLog = log.New(io.Discard, "", 0)

// CAEndpoint is a further HTTPS endpoint of the spec's CA, with a certificate
// that the spec chooses.
type CAEndpoint struct {
	mu       sync.Mutex
	names    []string
	requests []string
}

// ServeCA makes the spec's CA answer at a further address of the spec's world,
// with this identity. The CA's directory is at the path directory there, and also
// at the path that Pebble gives it.
func (e *Env) ServeCA(address string, id *pki.Identity, directory string) *CAEndpoint {
	ginkgo.GinkgoHelper()
	key, err := id.KeyFile(pki.None)
	e.Must(err)
	pair, err := tls.X509KeyPair(id.ChainPEM(), key)
	e.Must(err)
	listener, err := e.World.Listen("tcp", address)
	e.Must(err)
	endpoint := &CAEndpoint{}
	ca := e.CA().Handler()
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			endpoint.add(&endpoint.requests, r.Method+" "+r.URL.Path)
			if r.URL.Path == directory {
				r.URL.Path = pebbleDirectory
			}
			ca.ServeHTTP(w, r)
		}),
		ErrorLog: discardLog,
		TLSConfig: &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
			endpoint.add(&endpoint.names, h.ServerName)
			return &pair, nil
		}},
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(listener, "", "") }()
	e.Closers = append(e.Closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), Limits.CA)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close() // the target holds a connection open
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return endpoint
}

func (c *CAEndpoint) add(to *[]string, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*to = append(*to, text)
}

// Names returns the server names (SNI) of the handshakes that clients have begun
// with the endpoint, in order.
func (c *CAEndpoint) Names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.names...)
}

// Requests returns the method and path of every request that reached the
// endpoint, in order.
func (c *CAEndpoint) Requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.requests...)
}
