package life

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"assay/pebble"
	"assay/suite/internal/match"
)

// A mark is where the journal and the log stood.
type mark struct {
	journal, log int
	process      any // to which the log belongs
}

func (l *life) mark() mark {
	var m mark
	if l.walk.Mode != ModeOwn {
		m.journal = l.e.Journal().Len()
	}
	if l.server != nil && l.server.Process != nil {
		m.log, m.process = l.server.Process.Log().Mark(), l.server.Process
	}
	return m
}

// Bounds of what a server may ask of its CA in a step. Each start and each client may set
// off an attempt, with a few repetitions, and a server may try by itself every ten minutes.
const (
	ordersFree, ordersEach     = 6, 2
	failuresFree, failuresEach = 6, 2
	requestsFree, requestsEach = 60, 25
	attemptEvery               = 10 * time.Minute
)

// Bounds of the log in a step.
const (
	linesFree, linesEach = 60, 16
	lineEvery            = 5 * time.Minute
)

// judgeStep judges what a step has left.
func (l *life) judgeStep() {
	m := l.begun
	l.isAlive()
	attempts := l.attempts()
	if l.walk.Mode != ModeOwn {
		l.judgeCA(m, attempts)
		l.judgeWords()
		l.judgeStored()
	}
	if l.up && m.process == any(l.server.Process) {
		lines := l.server.Process.Log().Mark() - m.log
		most := linesFree + linesEach*l.contacts + int(l.passed/lineEvery)
		if lines > most && l.newLines(m.log) > most {
			l.broke(invFewLines, fmt.Sprintf("at most %d lines in the log of this step", most),
				"%d lines, the last of them\n%s", lines, l.server.Process.Log().Tail(4))
		}
	}
	if l.up && l.base == nil && l.owed() && len(l.troubles) == 0 {
		size := l.e.Size(l.server)
		l.base = &size
	}
}

// attempts returns how often the server may have turned to its CA in the step.
func (l *life) attempts() int { return l.contacts + int(l.passed/attemptEvery) }

// busy reports whether the CA was asked so much in the step that more time need not pass.
func (l *life) busy() bool {
	if l.walk.Mode == ModeOwn {
		return false
	}
	const entriesEach = 3 // in the journal, for each request
	n := l.e.Journal().Len() - l.begun.journal
	return n > entriesEach*(requestsFree+requestsEach*l.attempts())
}

// newLines counts the lines after a mark that are not like one of the lines before it. A
// server may write a line as often as it likes whatever happens, such as its status.
func (l *life) newLines(mark int) (n int) {
	log := l.server.Process.Log()
	known := map[string]bool{}
	all := log.Lines()
	for i, line := range all {
		if i < mark {
			known[line.Shape()] = true
		} else if !known[line.Shape()] {
			n++
		}
	}
	return n
}

func (l *life) judgeCA(m mark, attempts int) {
	orders, failures, requests := 0, 0, 0
	var last string
	for _, e := range l.e.Journal().Since(m.journal) {
		switch {
		case e.Kind == pebble.KindNewOrder:
			if e.Status == http.StatusCreated {
				orders++
			}
			for _, name := range e.Identifiers {
				if name != l.e.Hostname {
					l.broke(invOnlyOwnName, "orders for "+l.e.Hostname+" alone", "an order for %q", name)
				}
			}
		case e.Kind == pebble.KindValidation && !e.Valid():
			failures++
			last = e.String()
		}
		if e.Kind == pebble.KindValidation && e.Challenge != l.walk.Mode {
			l.broke(invOwnChallenge, "attempts by "+l.walk.Mode+" alone", "%s", e.What)
		}
		if e.From == "target" && (e.Status != 0 || e.Fault != "") {
			requests++
		}
	}
	check := func(what string, n, free, each int, tail string) {
		if most := free + each*attempts; n > most {
			l.broke(invFewRequests, fmt.Sprintf("at most %d %s in this step", most, what), "%d%s", n, tail)
		}
	}
	check("orders", orders, ordersFree, ordersEach, "")
	check("failed validations", failures, failuresFree, failuresEach, "; the last one: "+last)
	check("requests to the CA", requests, requestsFree, requestsEach, "")
	l.judgeCertificates()
	if l.judged(invPrivateFiles) && l.up {
		for _, name := range l.e.FilesOfCache(l.cache) {
			if mode := l.e.Mode(name); mode&0o077 != 0 {
				l.broke(invPrivateFiles, "cache files that their owner alone may read",
					"%s with mode %04o", name, mode)
			}
		}
	}
}

// soonestRenewal returns the part of its life after which a certificate may be renewed.
func (l *life) soonestRenewal() time.Duration { return l.lifetime * 2 / 5 }

// judgeCertificates judges how many certificates were issued.
func (l *life) judgeCertificates() {
	if l.vain {
		return
	}
	issued := map[string]int{}
	for _, e := range l.e.Journal().Issued() {
		issued[e.KeyAlgorithm]++
	}
	most := 1 + l.excuses + int(l.all/l.soonestRenewal())
	for key, n := range issued {
		if n > most {
			l.broke(invFewCerts,
				fmt.Sprintf("at most %d certificates with a key of type %s so far", most, key), "%d", n)
		}
	}
}

// judgeSize judges what a server takes after trouble with its cache, if it has been well
// before. Nothing is promised of other lives: a server may keep what it learns of its
// certificates in files, and old processes of a reload live on for a while.
func (l *life) judgeSize() {
	if l.base == nil || !l.up || !slices.Contains(l.also, "RES-24") {
		return
	}
	grown := l.e.Size(l.server).Since(*l.base)
	const filesMore = 4 // another type of key, an account, a lock
	grown.Files = max(0, grown.Files-filesMore)
	l.expect(invBounded, grown, match.GrowAtMost(1<<30))
}
