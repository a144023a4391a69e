package match

import (
	"context"
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

// TestRestedOn tells assertions that a time limit decided from others.
func TestRestedOn(t *testing.T) {
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
		{"a server that had to be killed", BeClean(5 * time.Second),
			sut.Ending{Killed: true, Took: 20 * time.Second}, true, false},
		{"a server that ended late", BeClean(5 * time.Second), sut.Ending{Took: 6 * time.Second},
			true, false},
		{"a server that ended with code 1", BeClean(5 * time.Second),
			sut.Ending{Code: 1, Took: time.Second}, false, false},
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
		since, rested := RestedOn(message)
		if rested != tt.rested || rested && since.IsZero() != tt.whole {
			t.Errorf("%s: found %t since %s, expected %t", tt.name, rested, since, tt.rested)
		}
		if _, rested := RestedOn("expected  something that another matcher judged"); rested {
			t.Errorf("%s: found a limit behind another matcher's failure", tt.name)
		}
	}
}
