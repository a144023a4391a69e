package match

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/onsi/gomega/types"

	"assay/pebble"
	"assay/suite/internal/browser"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// TestDecidedByTime checks which assertions a time limit may have decided.
func TestDecidedByTime(t *testing.T) {
	began := time.Now().Add(-time.Minute)
	for _, tt := range []struct {
		name    string
		matcher types.GomegaMatcher
		actual  any
		rested  bool
		whole   bool // the whole spec counts
	}{
		{"a handshake that was waited for in vain", Complete(),
			&wire.Handshake{Err: context.DeadlineExceeded, Began: began, Took: 20 * time.Second},
			true, false},
		{"a handshake that the server broke off after long", Complete(),
			&wire.Handshake{Err: io.EOF, Began: began, Took: 10 * time.Second}, true, false},
		{"a handshake that the server broke off at once", Complete(),
			&wire.Handshake{Err: io.EOF, Began: began, Took: time.Millisecond}, false, false},
		{"a handshake that was too slow for the promise", CompleteWithin(time.Second),
			&wire.Handshake{Began: began, Took: 2 * time.Second}, true, false},
		{"a handshake refused in time, wrongly", CompleteWithin(time.Second),
			&wire.Handshake{Err: errors.New("alert"), Began: began, Took: time.Millisecond}, false, false},
		{"no answer", Answer(),
			&wire.Response{Err: io.ErrUnexpectedEOF, Began: began, Took: 20 * time.Second}, true, false},
		{"a wrong answer", HaveStatus(200),
			&wire.Response{Status: 404, Began: began, Took: 20 * time.Second}, false, false},
		{"an answer that was too slow for the promise", AnswerWithin(time.Second),
			&wire.Response{Status: 200, Began: began, Took: 2 * time.Second}, true, false},
		{"a server that had to be killed", EndWithin(5 * time.Second),
			sut.Ending{Killed: true, Took: 20 * time.Second}, true, false},
		{"a server that ended late", EndWithin(5 * time.Second), sut.Ending{Took: 6 * time.Second},
			true, false},
		{"a server that ended before the signal", EndWithin(5 * time.Second),
			sut.Ending{EndedEarly: true, Took: 6 * time.Second}, false, false},
		{"a refusal that did not come", BeRefusal(), &Refusal{Began: began}, true, false},
		{"a refusal without a word", BeRefusal(), &Refusal{Began: began, Exited: true, ExitCode: 1},
			false, false},
		{"a browser without an answer", BeRefusedByBrowser(),
			browser.Visit{Began: began, Silence: errors.New("no answer")}, true, false},
		{"no page", BeRefusedByBrowser(), browser.Visit{Began: began}, false, false},
		{"a pause too short", HaveWaited(pebble.KindNewOrder, time.Second), &pebble.Journal{},
			true, true},
		{"too few certificates", HaveIssued(1), &pebble.Journal{}, false, false},
	} {
		if ok, err := tt.matcher.Match(tt.actual); ok || err != nil {
			t.Errorf("%s: found a match (%v), expected none", tt.name, err)
			continue
		}
		message := "an explanation\n" + tt.matcher.FailureMessage(tt.actual)
		since, _, rested := DecidedByTime(message)
		if rested != tt.rested || rested && since.IsZero() != tt.whole {
			t.Errorf("%s: found %t since %s, expected %t", tt.name, rested, since, tt.rested)
		}
		if _, _, rested := DecidedByTime("expected  something that another matcher judged"); rested {
			t.Errorf("%s: found a limit behind another matcher's failure", tt.name)
		}
	}
}

// TestOver measures by how much an event passed its limit.
func TestOver(t *testing.T) {
	for _, tt := range []struct {
		matcher types.GomegaMatcher
		actual  any
		over    time.Duration
	}{
		{EndWithin(5 * time.Second), sut.Ending{Took: 6 * time.Second}, time.Second / 2},
		{EndWithin(5 * time.Second), sut.Ending{Killed: true, Took: 20 * time.Second}, 0},
		{CompleteWithin(time.Second), &wire.Handshake{Took: 3 * time.Second}, 2 * time.Second},
		{AnswerWithin(time.Second), &wire.Response{Took: 3 * time.Second}, 2 * time.Second},
		{Complete(), &wire.Handshake{Err: context.DeadlineExceeded, Took: 20 * time.Second}, 0},
	} {
		if ok, err := tt.matcher.Match(tt.actual); ok || err != nil {
			t.Fatalf("%v: found a match (%v), expected none", tt.actual, err)
		}
		if _, over, _ := DecidedByTime(tt.matcher.FailureMessage(tt.actual)); over != tt.over {
			t.Errorf("%+v: over by %s, expected %s", tt.actual, over, tt.over)
		}
	}
}

// TestRestsOnCA tells assertions that only a request to the CA can make hold from others.
func TestRestsOnCA(t *testing.T) {
	root, other := &x509.Certificate{}, &x509.Certificate{}
	root.Subject.CommonName, other.Subject.CommonName = "Pebble Root CA 1", "Assay Root 2"
	alert := &wire.Handshake{Err: errors.New("alert")}
	for _, tt := range []struct {
		name    string
		matcher types.GomegaMatcher
		actual  any
		ca, tls bool
	}{
		{"a chain to the CA", HaveFullChainTo(root), alert, true, true},
		{"a chain to another root", HaveFullChainTo(other), alert, false, true},
		{"a handshake that completes", Complete(), alert, false, true},
		{"another certificate", ServeLeaf(other), &wire.Handshake{}, false, false},
		{"an order", HaveOrdered(1), &pebble.Journal{}, true, false},
		{"a page", HaveStatus(200), &wire.Response{Status: 404}, false, false},
	} {
		if ok, err := tt.matcher.Match(tt.actual); ok || err != nil {
			t.Errorf("%s: found a match (%v), expected none", tt.name, err)
		}
		message := "about it\n" + tt.matcher.FailureMessage(tt.actual)
		if ca, tls := RestsOnCA(message, root), RestsOnTLS(message); ca != tt.ca || tls != tt.tls {
			t.Errorf("%s: rests on the CA: %t, on TLS: %t; expected %t, %t", tt.name, ca, tls, tt.ca, tt.tls)
		}
		if RestsOnCA("another message", root) || RestsOnTLS("another message") {
			t.Errorf("%s: another message rests on it too", tt.name)
		}
	}
}
