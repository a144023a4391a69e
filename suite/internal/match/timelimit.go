package match

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"assay/pebble"
	"assay/suite/internal/browser"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// judged holds the last judgement of a matcher in this process, where one spec
// runs at a time.
type judged struct {
	expected string
	limit    time.Duration
	actual   any
}

var last atomic.Pointer[judged]

// peerLimit is the shortest time limit that servers and CAs have of their own,
// such as that of a read or of a handshake. A connection that broke sooner did
// not break for such a limit.
const peerLimit = time.Second

// DecidedByTime reports whether a time limit may have caused the failure with this
// message, and since when that time ran. over is by how much the limit was passed,
// or 0 if that is unknown, as after a wait in vain.
//
// The limit may be the suite's, or part of the promise, or one that the server
// has for its peers: a connection that broke after a long time may have broken
// for any of them.
func DecidedByTime(message string) (since time.Time, over time.Duration, decided bool) {
	j := last.Load()
	if j == nil || !strings.Contains(message, Indent(j.expected)) {
		return since, 0, false
	}
	since, decided = j.since()
	return since, j.over(), decided
}

// over returns by how much the judged event took longer than its limit; 0 if it
// did not come to an end by itself.
func (j *judged) over() time.Duration {
	took := time.Duration(0)
	switch v := j.actual.(type) {
	case *wire.Handshake:
		if v.Err == nil {
			took = v.Took
		}
	case *wire.Response:
		if v.Err == nil {
			took = v.Took
		}
	case sut.Ending:
		if !v.Killed {
			took = v.Took
		}
	}
	if j.limit <= 0 {
		return 0
	}
	return max(0, took-j.limit)
}

// outOfTime reports whether a time limit may have ended a connection: the suite's,
// or one of the peer.
func outOfTime(err error, took time.Duration) bool {
	var timeout interface{ Timeout() bool } // as in net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() ||
		err != nil && took >= peerLimit
}

// since returns when the judged event began. It reports false if no time limit can
// have decided the judgement.
func (j *judged) since() (time.Time, bool) {
	switch v := j.actual.(type) {
	case *wire.Handshake:
		over := j.limit > 0 && v.Took > j.limit
		return v.Began, over || outOfTime(v.Err, v.Took)
	case *wire.Response:
		over := j.limit > 0 && v.Took > j.limit
		return v.Began, over || outOfTime(v.Err, v.Took)
	case sut.Ending:
		over := v.Killed || j.limit > 0 && v.Took > j.limit
		return time.Now().Add(-v.Took), over && !v.EndedEarly
	case *sut.Process:
		select {
		case <-v.Exited():
			return time.Time{}, false
		default:
			return v.Started(), true // only its end was awaited
		}
	case *Refusal:
		return v.Began, !v.Exited
	case browser.Visit:
		return v.Began, v.Silence != nil
	}
	return time.Time{}, j.limit > 0
}

// RestsOnCA reports whether the failure with this message is one of a matcher that holds
// only if the target turned to its CA: one of the CA's journal, or one that expects a
// chain to the CA's root.
func RestsOnCA(message string, root *x509.Certificate) bool {
	j := last.Load()
	if j == nil || !strings.Contains(message, Indent(j.expected)) {
		return false
	}
	switch j.actual.(type) {
	case *pebble.Journal:
		return true
	case *wire.Handshake:
		return strings.Contains(j.expected, root.Subject.CommonName)
	}
	return false
}

// RestsOnTLS reports whether the failure with this message is one of a matcher of a
// handshake that failed.
func RestsOnTLS(message string) bool {
	j := last.Load()
	if j == nil || !strings.Contains(message, Indent(j.expected)) {
		return false
	}
	seen, ok := j.actual.(*wire.Handshake)
	return ok && seen.Err != nil
}
