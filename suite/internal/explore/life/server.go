package life

import (
	"strconv"
	"strings"
	"time"

	"assay/suite/internal/match"
	"assay/suite/internal/sut"
	"assay/suite/internal/world"
)

// stopWithin is how long a server may take to end (RES-18).
const stopWithin = 5 * time.Second

// start starts the server if it does not run.
func (l *life) start(Step) {
	if l.up {
		l.seen("it runs")
		return
	}
	l.contacts++
	if l.server == nil {
		l.prepare()
	}
	l.noteStart()
	if l.walk.Mode == ModeOwn && l.onDisk == nil {
		l.startBad()
		return
	}
	l.server.Start()
	l.up = true
	l.server.AwaitReady()
	if l.walk.Mode == ModeOwn {
		l.loaded(l.onDisk)
	}
	l.judgeListeners()
	l.seen("ready")
}

// judgeListeners looks whether the server listens at every address that it is told.
func (l *life) judgeListeners() {
	if l.e.World.Kind() != world.Namespace || l.walk.Mode == ModeOwn {
		return
	}
	var all []string
	_, port, _ := strings.Cut(l.e.Addr(443), ":")
	if l.walk.Mode == ModeHTTP {
		_, port, _ = strings.Cut(l.e.Addr(8443), ":")
	}
	if f := l.form("listen"); (f == "port" || f == "ipv6-zero") && l.form("port") != "forwarded" {
		number, _ := strconv.Atoi(port)
		all = append(all, l.e.Addr6(number))
	}
	if f := l.form("challenges"); f == "absent" || f == "empty" {
		all = append(all, l.e.Addr(80), l.e.Addr6(80), "127.0.0.1:80")
	}
	l.failing = invTakes
	for _, address := range all {
		l.e.AwaitListener(address)
	}
	l.failing = ""
}

// prepare writes the files of the server.
func (l *life) prepare() {
	settings, options := l.configuration()
	l.server = l.e.Prepare(settings, options...)
	l.before = l.e.Files()
}

// startBad starts a server with a pair that cannot be used.
func (l *life) startBad() {
	l.up = true
	if !l.server.StartOrEnd() {
		l.judgeRefusedPair()
		l.up = false
		l.seen("it refuses the pair")
		return
	}
	l.expectNoPlainText()
	if l.putsRight() {
		return
	}
	if l.target.OnBadConfig == sut.ExitOnBadConfig {
		l.broke(invRefusesBad, "a server that refuses its pair ("+l.badHow+") and ends",
			"it runs, saying\n%s", l.server.Process.Log().Tail(4))
	}
	l.end()
	l.seen("it runs without its pair, and is stopped")
}

func (l *life) stopStep(Step) {
	if !l.up {
		l.seen("it does not run")
		return
	}
	l.end()
}

// end stops the server.
func (l *life) end() {
	l.isAlive()
	if !l.up {
		return
	}
	l.up = false
	ending := l.server.Stop()
	l.expect(invStops, ending, match.EndWithin(stopWithin))
	l.seen("it has ended")
}

func (l *life) killStep(Step) {
	if !l.up {
		l.seen("it does not run")
		return
	}
	l.isAlive()
	l.up = false
	l.server.Kill()
}

func (l *life) restart(s Step) {
	if l.up {
		l.end()
	}
	l.start(s)
}

// reloadStep tells the server that its files may have changed, as service managers do with
// every instance.
func (l *life) reloadStep(Step) {
	if !l.up || !l.e.IsToldToReload() {
		l.seen("nothing happens")
		return
	}
	l.contacts++
	kept := l.keep()
	l.server.Reload()
	l.settle()
	l.isAlive()
	if l.walk.Mode == ModeOwn && l.onDisk != nil && l.onDisk != l.current {
		l.awaitTaken()
	}
	l.judgeKept(kept)
}

// longestMove is how much time passes at most between two clients.
const longestMove = 5 * day

// leapBeyond is the longest time that passes in small moves while something is wrong: a
// server that tries again every hour would take thousands of them.
const leapBeyond = 12 * time.Hour

// pass lets time pass. Clients come by now and then.
func (l *life) pass(s Step) {
	total := time.Duration(s.For)
	move := min(max(total/4, time.Minute), longestMove)
	for passed := time.Duration(0); passed < total; {
		d := min(move, total-passed)
		if len(l.troubles) > 0 && total > leapBeyond {
			l.leap(d)
		} else {
			l.advance(d, nil)
		}
		passed += d
		l.isAlive()
		if l.up {
			l.visit(able())
		}
	}
}

// sleepStep lets time pass as if the machine had slept: its timers stand still. A server has
// an hour, and a client, to notice it.
func (l *life) sleepStep(s Step) {
	d := time.Duration(s.For)
	l.timed(func() (bool, error) { return false, l.e.Time.Sleep(l.e.Context(), d) })
	l.isAlive()
	if !l.up {
		return
	}
	l.about("RENEW-50")
	if !l.hasValid() {
		l.calm = false // it has slept through the renewal
	}
	l.visit(able())
	l.advance(time.Hour, nil)
	l.visit(able())
}
