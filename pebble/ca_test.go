package pebble

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

func TestNothingIsLeft(t *testing.T) {
	use := func() {
		ca := startCA(t, Addresses{Address: "127.0.0.1"})
		client := httpClient(t, ca)
		response, err := client.Get(ca.DirectoryURL())
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if err := ca.Close(); err != nil {
			t.Error(err)
		}
		client.CloseIdleConnections()
	}
	use() // whatever is started once, is started now
	const n = 50
	before := runtime.NumGoroutine()
	for range n {
		use()
	}
	// Pebble's validator keeps one goroutine each. The client's own end soon
	// after their connections, without an event to wait for.
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before+n && time.Now().Before(deadline) {
		<-again.C
	}
	if after := runtime.NumGoroutine(); after > before+n {
		stacks := make([]byte, 1<<16)
		t.Errorf("%d goroutines before, %d after %d CAs, expected one more for each\n%s",
			before, after, n, stacks[:runtime.Stack(stacks, true)])
	}
}

func TestClosedPortsAreFree(t *testing.T) {
	t.Parallel()
	options, err := Addresses{Address: "127.0.0.1"}.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ca, err := Start(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(ca.Close(), ca.Close()); err != nil {
		t.Fatal(err)
	}
	same := Addresses{
		Address:  "127.0.0.1",
		ACMEPort: portOf(options.ACME.Addr()),
		DNSPort:  portOf(options.DNSListeners[0].Addr()),
	}
	again, err := same.Listen(t.Context())
	if err != nil {
		t.Fatalf("listening again where a closed CA listened: %v", err)
	}
	again.closeListeners()
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Options)
		errors string
	}{
		"chain too long": {
			func(o *Options) { o.Intermediates = 4 }, "Intermediates: 4, expected 1 to 3",
		},
		"lifetime too short": {func(o *Options) { o.Validity = time.Millisecond }, "Validity: 1ms"},
		"unknown challenge": {
			func(o *Options) { o.Offer = []string{"tls-sni-01"} },
			`unknown challenge type "tls-sni-01"`,
		},
		"no authority": {func(o *Options) { o.Authority = "" }, "Authority: empty"},
		"resolver by name": {
			func(o *Options) { o.Resolver = "dns.example.test:53" },
			"Resolver: \"dns.example.test:53\", expected ip:port",
		},
		"gateway to nowhere": {
			func(o *Options) { o.Gateway[1].Forward = "somewhere" },
			"Gateway[1].Forward: \"somewhere\"",
		},
		"half an account": {
			func(o *Options) { o.ExternalAccount = &ExternalAccount{KeyID: "k"} },
			"KeyID or Key is empty",
		},
		"no such dialect": {func(o *Options) { o.Dialect = 7 }, "dialect 7"},
		"all mistakes at once": {
			func(o *Options) { o.Dialect, o.Authority = 7, "" },
			"dialect 7\noption Authority",
		},
	} {
		options, err := Addresses{Address: "127.0.0.1"}.Listen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.change(&options)
		ca, err := Start(options)
		if err == nil {
			ca.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.errors) {
			t.Errorf("%s: got %v, expected %s", name, err, c.errors)
		}
		if _, err := options.ACME.Accept(); err == nil {
			t.Errorf("%s: the listener is still open", name)
		}
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.registered()
	before, err := s.issue(t.Context(), c, "http-01", "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ca.Forget(); err != nil {
		t.Fatal(err)
	}
	_, err = c.AuthorizeOrder(t.Context(), acme.DomainIDs("www.example.test"))
	var problem *acme.Error
	if !errors.As(err, &problem) || problem.ProblemType != acmeError+"accountDoesNotExist" {
		t.Errorf("an order in a forgotten account's name: %v, expected accountDoesNotExist", err)
	}
	after, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, chain := range [][]*x509.Certificate{before, after} {
		if err := s.verify(chain, "www.example.test"); err != nil {
			t.Error(err)
		}
	}
	if n := len(s.ca.Journal().Issued()); n != 2 {
		t.Errorf("%d certificates journaled, expected both", n)
	}
}

func TestExternalAccount(t *testing.T) {
	t.Parallel()
	key := []byte("0123456789abcdef0123456789abcdef")
	s := newSite(t, func(o *Options) {
		o.ExternalAccount = &ExternalAccount{KeyID: "customer-1", Key: key}
	})
	directory, err := s.client().Discover(t.Context())
	if err != nil || !directory.ExternalAccountRequired {
		t.Errorf("directory %v, %v, expected externalAccountRequired", directory, err)
	}
	for name, c := range map[string]struct {
		binding *acme.ExternalAccountBinding
		problem string
	}{
		"none": {nil, "externalAccountRequired"},
		"wrong key": {
			&acme.ExternalAccountBinding{KID: "customer-1", Key: []byte("wrong")}, "unauthorized",
		},
		"right": {&acme.ExternalAccountBinding{KID: "customer-1", Key: key}, ""},
	} {
		_, err := s.client().Register(t.Context(),
			&acme.Account{ExternalAccountBinding: c.binding}, acme.AcceptTOS)
		var problem *acme.Error
		switch {
		case c.problem == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.problem != "" && (!errors.As(err, &problem) || problem.ProblemType != acmeError+c.problem):
			t.Errorf("%s: %v, expected %s", name, err, c.problem)
		}
	}
}

func TestAccountsInTheJournal(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.registered()
	for range 2 {
		if _, err := s.issue(t.Context(), c, "http-01", "www.example.test"); err != nil {
			t.Fatal(err)
		}
	}
	made := s.ca.Journal().Requests(KindNewAccount)
	if len(made) != 1 || !made[0].TermsAgreed ||
		fmt.Sprint(made[0].Contact) != "[mailto:admin@example.test]" ||
		made[0].Account == "" {
		t.Fatalf("newAccount: %+v", made)
	}
	for _, e := range s.ca.Journal().Requests(KindNewOrder) {
		if e.Account != made[0].Account {
			t.Errorf("newOrder by account %q, expected %q", e.Account, made[0].Account)
		}
	}
}

// The edge knows all paths in Pebble's directory and objects.
func TestPathsAreThoseOfPebble(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	response, err := httpClient(t, s.ca).Get(s.ca.DirectoryURL())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var directory map[string]any
	if err := json.NewDecoder(response.Body).Decode(&directory); err != nil {
		t.Fatal(err)
	}
	origin := strings.TrimSuffix(s.ca.DirectoryURL(), "/dir")
	for name, url := range directory {
		if name == "meta" {
			continue
		}
		if kind := kindOf(strings.TrimPrefix(url.(string), origin)); kind != Kind(name) {
			t.Errorf("%s is at %s, which the edge takes for %s", name, url, kind)
		}
	}
	if _, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test"); err != nil {
		t.Fatal(err)
	}
	if unknown := s.ca.Journal().Requests(KindUnknown); len(unknown) > 0 {
		t.Errorf("requests that the edge does not know: %v", unknown)
	}
	if response, err := httpClient(t, s.ca).Get(origin + "/nowhere"); err != nil ||
		response.StatusCode != http.StatusNotFound {
		t.Errorf("/nowhere: %v, %v, expected 404", response, err)
	} else {
		response.Body.Close()
	}
}

func TestHandshakeFailureIsJournaled(t *testing.T) {
	t.Parallel()
	ca := startCA(t, Addresses{Address: "127.0.0.1"})
	if _, err := http.Get(ca.DirectoryURL()); err == nil {
		t.Fatal("a client that does not trust the endpoint's root reads the directory")
	}
	err := ca.Journal().Wait(t.Context(),
		"the failed handshake", func(j *Journal) bool { return len(j.Requests(KindTLS)) > 0 })
	if err != nil {
		t.Error(err)
	}
}

func TestQueriesInTheJournal(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.JournalQueries = true })
	if _, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test"); err != nil {
		t.Fatal(err)
	}
	queries := s.ca.Journal().Requests(KindQuery)
	if len(queries) == 0 || queries[0].What != "query AAAA" || queries[0].State != "NOERROR" {
		t.Errorf("queries: %v, expected the first for AAAA", queries)
	}
}

func TestSkipValidation(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.SkipValidation, o.Gateway = true, nil })
	if _, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test"); err != nil {
		t.Error(err)
	}
	if len(s.hosts) > 0 {
		t.Error("the server was asked")
	}
	strict := newSite(t)
	strict.ca.Point("*") // no name exists
	client := strict.registered()
	if _, err := strict.issue(t.Context(), client, "http-01", "www.example.test"); err == nil {
		t.Error("the next CA does not validate either")
	}
}
