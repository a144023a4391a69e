package sut

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestReadyByTheSocketTable(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		listen any // the configuration's listen_addr; nil: not set
		client string
		before []string
		states [][]string
		any    bool
		ready  bool
	}{
		"the address itself": {listen: "127.0.0.10:8443",
			states: [][]string{{}, {"127.0.0.10:8443"}}, ready: true},
		"a wildcard listener": {listen: "127.0.0.10:8443",
			states: [][]string{{"0.0.0.0:8443"}}, ready: true},
		"an IPv6 wildcard for IPv4": {listen: "127.0.0.10:8443", states: [][]string{{"[::]:8443"}},
			ready: true},
		"an IPv4 wildcard for IPv6": {listen: "[::1]:8443", states: [][]string{{"0.0.0.0:8443"}}},
		"an IPv4 address mapped to IPv6": {listen: "127.0.0.10:8443",
			states: [][]string{{"[::ffff:127.0.0.10]:8443"}}, ready: true},
		"listening everywhere": {listen: ":8443", states: [][]string{{"[::]:8443"}}, ready: true},
		"a named port":         {listen: ":http", states: [][]string{{"0.0.0.0:80"}}, ready: true},
		"a host name": {listen: "localhost:8443", states: [][]string{{"127.0.0.1:8443"}},
			ready: true},
		"another port":    {listen: "127.0.0.10:8443", states: [][]string{{"127.0.0.10:8444"}}},
		"another address": {listen: "127.0.0.10:8443", states: [][]string{{"127.0.0.11:8443"}}},
		"someone else held it before": {listen: "127.0.0.10:8443", before: []string{"127.0.0.10:8443"},
			states: [][]string{{"127.0.0.10:8443"}}},
		"not configured": {client: "127.0.0.10:8080", states: [][]string{{"127.0.0.10:8080"}},
			ready: true},
		"any listener": {listen: "127.0.0.10:8443", before: []string{"127.0.0.2:14000"},
			states: [][]string{{"127.0.0.2:14000"}, {"127.0.0.2:14000", "0.0.0.0:9999"}}, any: true,
			ready: true},
		"a port that was only looked at": {listen: "127.0.0.10:8443",
			states: [][]string{{}, {"127.0.0.10:8443"}, {}}},
		"one that was looked at first": {listen: "127.0.0.10:8443",
			states: [][]string{{"127.0.0.10:8443"}, {}, {"127.0.0.10:8443"}}, ready: true},
		"none but those before": {listen: "127.0.0.10:8443", before: []string{"127.0.0.2:14000"},
			states: [][]string{{"127.0.0.2:14000"}}, any: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := 10 * time.Second
			if !row.ready {
				timeout = 50 * time.Millisecond
			}
			p := start(t, fake(t, "silent", func(tt *Target) { tt.Ready.Timeout = timeout }),
				map[string]any{"listen_addr": row.listen})
			r := Readiness{Address: row.client, Listeners: scripted(row.states...), AnyListener: row.any}
			for _, b := range row.before {
				r.ListenersBefore = append(r.ListenersBefore, netip.MustParseAddrPort(b))
			}
			err := p.Ready(t.Context(), r)
			if (err == nil) != row.ready {
				t.Errorf("ready: %v, want %v", err, row.ready)
			}
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want a deadline", err)
			}
		})
	}
}

func TestReadyByLogAndHTTP(t *testing.T) {
	t.Parallel()
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	for name, when := range map[string]ReadyWhen{
		"log":  {Log: regexp.MustCompile(`^serving on .*:\d+$`)},
		"http": {HTTP: "/health"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			when.Timeout = 10 * time.Second
			address := freeAddress(t)
			p := start(t, fake(t, "serve", func(tt *Target) { tt.Ready = when }),
				map[string]any{"listen_addr": address, "server_url": "http://host.test"})
			if err := p.Ready(t.Context(), Readiness{Address: address, Dial: dial}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	never := func() ([]netip.AddrPort, error) { return nil, nil }
	refused := func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("refused")
	}
	for name, row := range map[string]struct {
		behaviour string
		ready     ReadyWhen
		is        error
		says      []string
	}{
		"exits, tcp": {"exit", ReadyWhen{TCP: "listen_addr"}, ErrExited,
			[]string{"a listener on 127.0.0.1:1 (listen_addr)", "exited with code 3",
				"  cannot read the configuration"}},
		"exits, log": {"exit", ReadyWhen{Log: regexp.MustCompile("up")}, ErrExited,
			[]string{`matches "up"`, "exited with code 3", "  cannot read the configuration"}},
		"exits, http": {"exit", ReadyWhen{HTTP: "/health"}, ErrExited,
			[]string{"a 2xx answer to GET http://127.0.0.1:1/health", "exited with code 3"}},
		"silent, tcp": {"silent", ReadyWhen{TCP: "listen_addr", Timeout: 50 * time.Millisecond},
			context.DeadlineExceeded,
			[]string{"a listener on", "did not come within", "(it wrote nothing)"}},
		"silent, log": {"silent",
			ReadyWhen{Log: regexp.MustCompile("up"), Timeout: 50 * time.Millisecond},
			context.DeadlineExceeded, []string{`matches "up"`, "did not come within"}},
		"silent, http": {"silent", ReadyWhen{HTTP: "/", Timeout: 50 * time.Millisecond},
			context.DeadlineExceeded,
			[]string{"a 2xx answer", "did not come within"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if row.ready.Timeout == 0 {
				row.ready.Timeout = 10 * time.Second
			}
			p := start(t, fake(t, row.behaviour, func(tt *Target) { tt.Ready = row.ready }),
				map[string]any{"listen_addr": "127.0.0.1:1"})
			err := p.Ready(t.Context(), Readiness{Address: "127.0.0.1:1", Listeners: never, Dial: refused})
			var failure *NotReady
			if !errors.As(err, &failure) || !errors.Is(err, row.is) {
				t.Fatalf("got %v, want a NotReady that is %v", err, row.is)
			}
			for _, text := range row.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("error %q does not say %q", err, text)
				}
			}
		})
	}
}

func TestReadyFailsPlainlyWhenItCannotSee(t *testing.T) {
	t.Parallel()
	broken := errors.New("no socket table here")
	for name, row := range map[string]struct {
		listen string
		r      Readiness
		says   string
	}{
		"socket table": {"127.0.0.1:1", Readiness{Listeners: func() ([]netip.AddrPort, error) {
			return nil, broken
		}}, "no socket table here"},
		"no address":     {"nonsense", Readiness{}, `found "nonsense", expected an address such as`},
		"port of chance": {"127.0.0.1:0", Readiness{}, "expected a port above 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, fake(t, "silent", nil), map[string]any{"listen_addr": row.listen})
			err := p.Ready(t.Context(), row.r)
			if err == nil || !strings.Contains(err.Error(), row.says) || errors.As(err, new(*NotReady)) {
				t.Errorf("got %v, want an error that says %q", err, row.says)
			}
		})
	}
}
