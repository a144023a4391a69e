package pebble

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"

	"assay/pebble/perspective"
)

// perspectives returns a primary perspective and remote ones, the last of which reach
// nothing.
func perspectives(t *testing.T, remote, away int) []perspective.Perspective {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs loopback addresses other than 127.0.0.1, which are local on Linux alone")
	}
	all := []perspective.Perspective{{Name: "primary"}}
	for i := range remote {
		all = append(all, perspective.Perspective{
			Name:    fmt.Sprintf("remote %d", i+1),
			Source4: netip.AddrFrom4([4]byte{127, byte(101 + i), 0, 10}),
			After:   time.Duration(i) * 5 * time.Millisecond,
			Away:    i >= remote-away,
		})
	}
	return all
}

// Every perspective asks, from an address of its own, and the journal names it.
func TestEachPerspectiveAsks(t *testing.T) {
	for _, challenge := range []string{"http-01", "tls-alpn-01"} {
		t.Run(challenge, func(t *testing.T) {
			all := perspectives(t, 5, 0)
			s := newSite(t, func(o *Options) { o.Perspectives = all })
			var mu sync.Mutex
			sources := map[string]int{}
			s.visited = func(from net.Addr) {
				mu.Lock()
				defer mu.Unlock()
				host, _, _ := net.SplitHostPort(from.String())
				sources[host]++
			}
			if _, err := s.issue(t.Context(), s.registered(), challenge, "www.example.test"); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(sources) != 6 {
				t.Errorf("the server was asked from %v, expected six addresses, once each", sources)
			}
			found := s.ca.Journal().Filter(func(e Entry) bool {
				return e.Kind == KindPerspective && e.State == "valid" && e.Challenge == challenge
			})
			asked := s.ca.Journal().Filter(func(e Entry) bool {
				return e.Kind == KindConnection && e.Host == "www.example.test"
			})
			for _, p := range all {
				is := func(e Entry) bool {
					return e.Perspective == p.String() && strings.Contains(e.What, p.String())
				}
				if !slices.ContainsFunc(found, is) || !slices.ContainsFunc(asked, is) {
					t.Errorf("the journal lacks what %s asked or found", p)
				}
			}
			if n := len(s.ca.Journal().Validations()); n != 1 {
				t.Errorf("found %d verdicts, expected 1", n)
			}
		})
	}
}

// One of two to five remote perspectives may fail, and two of six or more.
func TestQuorum(t *testing.T) {
	for _, row := range []struct {
		remote, away int
		valid        bool
	}{
		{0, 0, true},
		{1, 0, true},
		{1, 1, false},
		{2, 1, true},
		{2, 2, false},
		{5, 1, true},
		{5, 2, false},
		{6, 2, true},
		{6, 3, false},
	} {
		t.Run(fmt.Sprintf("%d of %d away", row.away, row.remote), func(t *testing.T) {
			s := newSite(t, func(o *Options) { o.Perspectives = perspectives(t, row.remote, row.away) })
			_, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test")
			if row.valid {
				if err != nil {
					t.Errorf("found %v, expected a certificate", err)
				}
				return
			}
			expectProblem(t, err, "connection", fmt.Sprintf(
				"%d of %d remote perspectives do not agree, at most %d may: from remote %d (127.",
				row.away, row.remote, perspective.Allowed(row.remote), row.remote-row.away+1))
		})
	}
}

// Without the primary perspective, no other one counts.
func TestPrimaryPerspectiveHasToAgree(t *testing.T) {
	s := newSite(t, func(o *Options) {
		o.Perspectives = perspectives(t, 5, 0)
		o.Perspectives[0].Away = true
	})
	_, err := s.issue(t.Context(), s.registered(), "tls-alpn-01", "www.example.test")
	expectProblem(t, err, "connection", "from primary: connect to ")
}

// expectProblem expects the error of an authorization that a client sees.
func expectProblem(t *testing.T, err error, kind, detail string) {
	t.Helper()
	var invalid *acme.AuthorizationError
	if !errors.As(err, &invalid) || len(invalid.Errors) == 0 {
		t.Fatalf("found %v, expected an authorization that is invalid", err)
	}
	for _, e := range invalid.Errors {
		var problem *acme.Error
		if errors.As(e, &problem) && problem.ProblemType == acmeError+kind &&
			strings.Contains(problem.Detail, detail) {
			return
		}
	}
	t.Errorf("found %v, expected a problem %s with %q", invalid.Errors, kind, detail)
}

// A server that answers its first visitor alone is found out by the others.
func TestServerForOnePerspective(t *testing.T) {
	s := newSite(t, func(o *Options) {
		o.Perspectives = perspectives(t, 5, 0)
		for i := range o.Perspectives {
			o.Perspectives[i].After = time.Duration(i) * 20 * time.Millisecond
		}
	})
	var first string
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		if first == "" {
			first = host
		}
		if host != first {
			http.Error(w, "not you", http.StatusForbidden)
		}
		return host == first
	}
	_, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test")
	expectProblem(t, err, "unauthorized", "5 of 5 remote perspectives do not agree, at most 1 may: "+
		"from remote 1 (127.101.0.10): the answer has status 403, expected 200; from remote 2")
}

// Each perspective has a view of DNS of its own, prefers IPv6, and turns to IPv4 only if
// no connection can be made.
func TestViewsOfDNS(t *testing.T) {
	const name = "www.example.test"
	four, six := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("needs IPv6:", err)
	}
	listener.Close()
	for label, row := range map[string]struct {
		addresses []netip.Addr
		status    int // of the server at the IPv6 address; 0 for none
		valid     bool
	}{
		"ipv4 alone":               {[]netip.Addr{four}, 0, true},
		"ipv6 that is unreachable": {[]netip.Addr{four, six}, 0, true},
		"ipv6 that answers 404":    {[]netip.Addr{four, six}, http.StatusNotFound, false},
		"no address":               {[]netip.Addr{}, 0, false},
	} {
		t.Run(label, func(t *testing.T) {
			s := newSite(t, func(o *Options) {
				o.Perspectives = perspectives(t, 1, 0)
				o.Perspectives[1].Hosts = map[string][]netip.Addr{name: row.addresses}
				o.JournalQueries = true
				if row.status == 0 {
					return
				}
				l, err := net.Listen("tcp", fmt.Sprintf("[::1]:%d", o.HTTPPort))
				if err != nil {
					t.Skip("the port of the IPv4 address is taken at the IPv6 one:", err)
				}
				elsewhere := listenAt(t, "[::1]:0", http.HandlerFunc(
					func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(row.status) }))
				o.Gateway = append(o.Gateway, GatewayListener{Listener: l, HTTP: true, Forward: elsewhere})
			})
			_, err := s.issue(t.Context(), s.registered(), "http-01", name)
			if row.valid != (err == nil) {
				t.Errorf("found error %v, expected a valid challenge: %t", err, row.valid)
			}
			queries := s.ca.Journal().Filter(func(e Entry) bool {
				return e.Kind == KindQuery && e.Perspective == "remote 1 (127.101.0.10)"
			})
			if len(queries) != 1 {
				t.Errorf("found %d look-ups of the remote perspective, expected 1", len(queries))
			}
		})
	}
}

// listenAt serves a handler and returns its address.
func listenAt(t *testing.T, address string, handler http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return l.Addr().String()
}

// Perspectives follow ten redirects, to ports 80 and 443 and to names.
func TestRedirectsOfPerspectives(t *testing.T) {
	const name = "www.example.test"
	for label, row := range map[string]struct {
		location string
		hops     int
		problem  string
	}{
		"ten":        {"?again", 10, ""},
		"eleven":     {"?again", 11, "redirects more than 10 times"},
		"other port": {"http://" + name + ":8080/", 1, "expected port 80 or 443"},
		"address":    {"http://127.0.0.1/", 1, "expected a name"},
	} {
		t.Run(label, func(t *testing.T) {
			s := newSite(t, func(o *Options) { o.Perspectives = perspectives(t, 0, 0) })
			hop := 0
			s.before = func(w http.ResponseWriter, _ *http.Request) bool {
				if hop == row.hops {
					return true
				}
				hop++
				w.Header().Set("Location", row.location)
				w.WriteHeader(http.StatusFound)
				return false
			}
			_, err := s.issue(t.Context(), s.registered(), "http-01", name)
			if row.problem == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			expectProblem(t, err, "connection", row.problem)
		})
	}
}

// A CA that is not set up well does not start.
func TestBadPerspectives(t *testing.T) {
	for _, change := range []func(*Options){
		func(o *Options) { o.Perspectives = []perspective.Perspective{{}} },
		func(o *Options) { o.Perspectives = []perspective.Perspective{{Name: "x", After: time.Minute}} },
		func(o *Options) { o.Dialect, o.Perspectives = Stock, []perspective.Perspective{{Name: "x"}} },
	} {
		options, err := Addresses{Address: "127.0.0.1"}.Listen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		change(&options)
		ca, err := Start(options)
		if err == nil {
			ca.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "Perspectives") {
			t.Errorf("found %v, expected an error about Perspectives", err)
		}
	}
}
