package match

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

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

// RestedOn says since when the time ran that decided the assertion that failed
// with this message. It reports false if no time limit had a part in it.
//
// The limit may be the suite's, or part of the promise, or one that the server
// has for its peers: a connection that broke after a long time may have broken
// for any of them.
func RestedOn(message string) (since time.Time, rested bool) {
	j := last.Load()
	if j == nil || !strings.Contains(message, Indent(j.expected)) {
		return since, false
	}
	return j.since()
}

// outOfTime says whether a time limit may have ended a connection: the suite's,
// or one of the peer.
func outOfTime(err error, took time.Duration) bool {
	var timeout interface{ Timeout() bool } // as in net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() ||
		err != nil && took >= peerLimit
}

// since is when what was judged began, if a time limit may have decided it.
func (j *judged) since() (time.Time, bool) {
	switch v := j.actual.(type) {
	case *wire.Handshake:
		over := j.limit > 0 && v.Took > j.limit
		return v.Began, over || outOfTime(v.Err, v.Took)
	case *wire.Response:
		return v.Began, outOfTime(v.Err, v.Took)
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
