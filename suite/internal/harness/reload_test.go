package harness

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"assay/suite/internal/wire"
)

// TestSettling counts handshakes until a new pair is taken up: n shows the new
// pair, o the old one.
func TestSettling(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		seen    string
		settled bool // at the last handshake, and at none before
	}{
		{"nnnn", true},
		{"ooonnnn", true},
		{"nnn", false},
		{strings.Repeat("no", 100), false},
		{"nnno" + "nnnn", false},
		{"nnno" + "nnnnnnnn", true},
		{"no" + "nnnno" + "nnnnnnno" + strings.Repeat("n", 31), false},
		{strings.Repeat("no", 100) + strings.Repeat("n", 32), true},
	} {
		var s settling
		for i, c := range tt.seen {
			if settled, last := s.add(c == 'n'), i == len(tt.seen)-1; settled != (last && tt.settled) {
				t.Errorf("%s: settled is %t at handshake %d", tt.seen, settled, i+1)
			}
		}
	}
}

// TestPairs follows a server through two replacements of its pair.
func TestPairs(t *testing.T) {
	t.Parallel()
	shows := func(leaf string) *wire.Handshake {
		return &wire.Handshake{Chain: []*x509.Certificate{{Raw: []byte(leaf)}}}
	}
	var p pairs
	expect := func(when string, replaced ...string) {
		t.Helper()
		for _, leaf := range []string{"a", "b", "c"} {
			want := strings.Contains(strings.Join(replaced, ""), leaf)
			if got := p.replaced(shows(leaf)); got != want {
				t.Errorf("%s: %s is replaced: %t, expected %t", when, leaf, got, want)
			}
		}
	}
	p.add(shows("a"))
	expect("at first")
	p.add(shows("b"))
	expect("while b is taken up")
	p.takeUp(shows("b"))
	p.add(shows("a")) // by a process of the old configuration
	expect("with b", "a")
	p.add(shows("c"))
	p.takeUp(shows("c"))
	expect("with c", "a", "b")
	failed := shows("a")
	failed.Err = errors.New("EOF")
	p.add(&wire.Handshake{Err: failed.Err})
	if p.replaced(failed) || p.replaced(&wire.Handshake{}) {
		t.Error("a handshake that failed, or without a certificate, shows a replaced pair")
	}
}
