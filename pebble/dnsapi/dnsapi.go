// Package dnsapi serves the records of a DNS server over HTTP, so that tools which prove
// by dns-01 that they control a name (RFC 8555 §8.4) can set them. The requests are those
// of challtestsrv, for which such tools have plug-ins.
package dnsapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
)

// Records are the records of a DNS server. pebble.DNS has them.
type Records interface {
	// Point sets the addresses of a name.
	Point(name string, addrs ...netip.Addr)
	// SetTexts sets the TXT records of a name.
	SetTexts(name string, texts ...string)
}

// A change is the body of a request.
type change struct {
	Host      string   `json:"host"`
	Value     string   `json:"value"`     // of a TXT record
	Addresses []string `json:"addresses"` // of A or AAAA records
}

// bodyAtMost is the number of bytes of a request that are read.
const bodyAtMost = 64 << 10

// server keeps what was set, because a request adds to what is there.
type server struct {
	records Records

	mu        sync.Mutex
	texts     map[string][]string
	addresses map[string][]netip.Addr
}

// Handler returns a handler of these requests, all of them POST with a JSON object:
//
//	/set-txt      {"host": NAME, "value": TEXT}     adds a TXT record
//	/clear-txt    {"host": NAME}                    removes all TXT records
//	/add-a        {"host": NAME, "addresses": […]}  adds A records
//	/add-aaaa     {"host": NAME, "addresses": […]}  adds AAAA records
//	/clear-a      {"host": NAME}                    removes the A records
//	/clear-aaaa   {"host": NAME}                    removes the AAAA records
//
// A mistake is answered with 400 and says what was expected.
func Handler(records Records) http.Handler {
	s := &server{
		records: records, texts: map[string][]string{}, addresses: map[string][]netip.Addr{},
	}
	mux := http.NewServeMux()
	for path, apply := range map[string]func(change) error{
		"/set-txt":    s.setText,
		"/clear-txt":  s.clearText,
		"/add-a":      func(c change) error { return s.add(c, netip.Addr.Is4, "IPv4") },
		"/add-aaaa":   func(c change) error { return s.add(c, netip.Addr.Is6, "IPv6") },
		"/clear-a":    func(c change) error { return s.clear(c, netip.Addr.Is4) },
		"/clear-aaaa": func(c change) error { return s.clear(c, netip.Addr.Is6) },
	} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			var c change
			err := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyAtMost)).Decode(&c)
			if err != nil {
				err = fmt.Errorf("%w, expected a JSON object", err)
			} else if c.Host = canonical(c.Host); c.Host == "" {
				err = fmt.Errorf("host: found nothing, expected a name such as _acme-challenge.example.test")
			} else {
				s.mu.Lock()
				err = apply(c)
				s.mu.Unlock()
			}
			if err != nil {
				http.Error(w, fmt.Sprintf("%s: %v", path, err), http.StatusBadRequest)
			}
		})
	}
	return mux
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func (s *server) setText(c change) error {
	if c.Value == "" || len(c.Value) > 255 { // RFC 1035 §3.3
		return fmt.Errorf("value: found %d bytes, expected 1 to 255", len(c.Value))
	}
	s.texts[c.Host] = append(s.texts[c.Host], c.Value)
	s.records.SetTexts(c.Host, s.texts[c.Host]...)
	return nil
}

func (s *server) clearText(c change) error {
	delete(s.texts, c.Host)
	s.records.SetTexts(c.Host)
	return nil
}

func (s *server) add(c change, fits func(netip.Addr) bool, family string) error {
	var added []netip.Addr
	for i, text := range c.Addresses {
		addr, err := netip.ParseAddr(text)
		if err != nil || !fits(addr) {
			return fmt.Errorf("addresses[%d]: found %q, expected an %s address", i, text, family)
		}
		added = append(added, addr)
	}
	if len(added) == 0 {
		return fmt.Errorf("addresses: found none, expected at least one")
	}
	s.point(c.Host, append(s.addresses[c.Host], added...))
	return nil
}

func (s *server) clear(c change, fits func(netip.Addr) bool) error {
	var kept []netip.Addr
	for _, addr := range s.addresses[c.Host] {
		if !fits(addr) {
			kept = append(kept, addr)
		}
	}
	s.point(c.Host, kept)
	return nil
}

func (s *server) point(host string, addrs []netip.Addr) {
	s.addresses[host] = addrs
	s.records.Point(host, addrs...)
}
