package perspective

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Config says how a [Validator] reaches the server under test.
type Config struct {
	// Perspectives holds the primary perspective and then the remote ones.
	Perspectives []Perspective
	// Lookup returns the addresses of a name at the CA's DNS server.
	Lookup func(name string) []netip.Addr
	// Forward returns the "ip:port" of the server under test behind an address to which
	// the name resolves, and false if nothing is there.
	Forward func(at netip.AddrPort) (string, bool)
	// Dial connects from a source address, or from any if it is not valid.
	Dial func(ctx context.Context, source netip.Addr, network, address string) (net.Conn, error)
	// HTTPPort and TLSPort are the ports to which ports 80 and 443 lead.
	HTTPPort, TLSPort int
	// Record gets everything that the perspectives see, from several goroutines.
	Record func(Event)
}

// An Event is one look-up or connection of a perspective, or its finding.
type Event struct {
	Perspective Perspective
	// Query is the name that was looked up, if this is a look-up.
	Query string
	// Port is the port of a connection, as public CAs call it: 80 or 443. It is 0 in a
	// finding.
	Port   int
	Host   string // the Host header, or the name in the TLS hello
	Status int    // of the answer; 0 if there is none
	Error  string // why the connection or the challenge is no good
	// Unreachable says that no connection was made.
	Unreachable bool
	Challenge   Challenge
}

// A Challenge describes the answer that the perspectives look for.
type Challenge struct {
	ID    string
	Order string
	Type  string // "http-01" or "tls-alpn-01"
	Name  string // the identifier of the authorization, a DNS name
	Token string
	// KeyAuthorization is the answer that is right (RFC 8555 §8.1).
	KeyAuthorization string
}

// A Validator validates challenges from several perspectives.
type Validator struct {
	config Config

	mu     sync.Mutex
	checks map[string]*check // by challenge, by token, and by type and name
}

// check is the validation of one challenge.
type check struct {
	Challenge
	once sync.Once
	done chan struct{} // closed when there is a verdict

	problem *Problem // nil if the challenge is valid
	answer  certificate
}

// New returns a validator.
func New(config Config) *Validator {
	return &Validator{config: config, checks: make(map[string]*check)}
}

// Expect tells the validator of a challenge that Pebble is about to validate.
func (v *Validator) Expect(c Challenge) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.checks[c.ID] != nil {
		return
	}
	k := &check{Challenge: c, done: make(chan struct{})}
	for _, key := range []string{c.ID, keyOfToken(c.Token), keyOfName(c.Type, c.Name)} {
		v.checks[key] = k
	}
}

func keyOfToken(token string) string     { return "token " + token }
func keyOfName(kind, name string) string { return kind + " " + strings.ToLower(name) }

// find returns the check of a key, or nil.
func (v *Validator) find(key string) *check {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.checks[key]
}

// Problem returns why the challenge is invalid. It returns nil if it is valid, or if
// there is no verdict.
func (v *Validator) Problem(challenge string) *Problem {
	c := v.find(challenge)
	if c == nil {
		return nil
	}
	select {
	case <-c.done:
		return c.problem
	default:
		return nil
	}
}

// verdict returns the verdict on a challenge. The first call lets all perspectives look;
// the others wait for it.
func (v *Validator) verdict(ctx context.Context, c *check) *Problem {
	c.once.Do(func() {
		all := v.config.Perspectives
		found := make([]*Problem, len(all))
		var looking sync.WaitGroup
		for i, p := range all {
			looking.Go(func() { found[i] = v.look(ctx, p, c.Challenge) })
		}
		looking.Wait()
		c.problem = judge(all, found)
		close(c.done)
	})
	return c.problem
}

// patience is how long a perspective waits for the whole of its look.
const patience = 10 * time.Second

// look returns what a perspective finds: nil if the challenge is valid.
func (v *Validator) look(ctx context.Context, p Perspective, c Challenge) *Problem {
	select {
	case <-time.After(p.After):
	case <-ctx.Done():
		return &Problem{"connection", "the CA ends"}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l := look{v, p, c}
	var problem *Problem
	if c.Type == "http-01" {
		problem = l.http01(ctx)
	} else {
		problem = l.tlsALPN01(ctx)
	}
	event := Event{Perspective: p, Challenge: c}
	if problem != nil {
		event.Error = problem.Detail
	}
	v.config.Record(event)
	return problem
}

// look is one perspective's look at a challenge.
type look struct {
	v *Validator
	p Perspective
	c Challenge
}

// record passes an event on.
func (l look) record(event Event) {
	event.Perspective, event.Challenge = l.p, l.c
	l.v.config.Record(event)
}
