package passage

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assay/pebble/traffic"
	"assay/suite/internal/clock"
)

// envRole makes the test binary play a target.
const envRole = "PASSAGE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(envRole) {
	case "caller":
		call(os.Args[1])
	case "busy":
		var work atomic.Int64
		for {
			work.Add(1)
		}
	}
	os.Exit(m.Run())
}

// call calls a service every hour. The service has to answer within ten seconds, and the
// call is repeated after half a minute if it asks for that.
func call(address string) {
	for range time.Tick(time.Hour) {
		for again := true; again; {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				fmt.Println(err)
				break
			}
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			fmt.Fprintln(conn, "hello")
			answer, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil {
				fmt.Println(err)
			}
			conn.Close()
			if again = strings.TrimSpace(answer) == "again"; again {
				time.Sleep(30 * time.Second)
			}
		}
	}
}

// service answers calls slowly: every second one with "again".
type service struct {
	traffic.Meter
	now func() time.Time

	mu    sync.Mutex
	calls []time.Time // of the target's clock
}

func (s *service) serve(l net.Listener) {
	s.Watch("listener", l)
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		end := s.Begin("call")
		go func() {
			defer end()
			defer conn.Close()
			bufio.NewReader(conn).ReadString('\n')
			time.Sleep(30 * time.Millisecond)
			s.mu.Lock()
			s.calls = append(s.calls, s.now())
			answer := "again"
			if len(s.calls)%2 == 0 {
				answer = "good bye"
			}
			s.mu.Unlock()
			fmt.Fprintln(conn, answer)
		}()
	}
}

func (s *service) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

// started starts a target and a service that it calls.
func started(t *testing.T) (*Passage, *service, *strings.Builder) {
	t.Helper()
	if err := clock.Available(); err != nil {
		t.Skip(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c := clock.New()
	s := &service{now: c.Now}
	go s.serve(l)
	var out strings.Builder
	cmd := exec.Command(os.Args[0], l.Addr().String())
	cmd.Env = append(os.Environ(), envRole+"=caller")
	cmd.Stdout, cmd.Stderr = &out, &out
	target, err := c.Start(cmd, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		target.Wait()
		if out.Len() > 0 {
			t.Errorf("the target says %q, expected that no deadline has passed", out.String())
		}
	})
	return &Passage{Clock: c, Services: []Service{s}}, s, &out
}

func TestAdvance(t *testing.T) {
	p, s, _ := started(t)
	if err := p.Advance(t.Context(), 59*time.Minute); err != nil {
		t.Fatal(err)
	}
	if n := s.count(); n != 0 {
		t.Errorf("%d calls within the first hour, expected none", n)
	}
	began := p.Clock.Now()
	for range 30 {
		if err := p.Advance(t.Context(), 5*time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	near := func(what string, got, want, within time.Duration) {
		t.Helper()
		if got < want || got > want+within {
			t.Errorf("%s: after %s, expected between %s and %s", what, got, want, want+within)
		}
	}
	if n := s.count(); n < 4 {
		t.Fatalf("%d calls in two and a half hours, expected at least 4", n)
	}
	near("first call", s.calls[0].Sub(began), time.Minute-5*time.Second, 5*time.Minute)
	near("second call, after half a minute",
		s.calls[1].Sub(s.calls[0]), 30*time.Second, 35*time.Second)
	near("third call, an hour later", s.calls[2].Sub(s.calls[0]), 50*time.Minute, 20*time.Minute)
}

func TestAdvanceUntil(t *testing.T) {
	p, s, _ := started(t)
	began := p.Clock.Now()
	found, err := p.AdvanceUntil(t.Context(), 24*time.Hour, 10*time.Minute,
		func() bool { return s.count() >= 5 })
	if err != nil || !found {
		t.Fatalf("got %v, %v, expected five calls", found, err)
	}
	if passed := p.Clock.Now().Sub(began); passed < 3*time.Hour || passed > 4*time.Hour {
		t.Errorf("five calls after %s, expected a little more than three hours", passed)
	}
	found, err = p.AdvanceUntil(t.Context(), time.Hour, 10*time.Minute, func() bool { return false })
	if err != nil || found {
		t.Errorf("got %v, %v, expected that nothing was found", found, err)
	}
	if passed := p.Clock.Now().Sub(began); passed < 4*time.Hour || passed > 5*time.Hour {
		t.Errorf("%s have passed, expected one hour more", passed)
	}
}

func TestSleep(t *testing.T) {
	p, s, _ := started(t)
	if err := p.Sleep(t.Context(), 100*time.Hour); err != nil {
		t.Fatal(err)
	}
	if n := s.count(); n != 0 {
		t.Errorf("%d calls while the machine slept, expected none", n)
	}
	if moved := p.Clock.Moved(); moved != 100*time.Hour {
		t.Errorf("the wall clock was moved by %s, expected 100 hours", moved)
	}
}

// Moments of the real time are found in the target's time.
func TestAt(t *testing.T) {
	p, _, _ := started(t)
	before := time.Now()
	if err := p.Advance(t.Context(), 30*time.Minute); err != nil {
		t.Fatal(err)
	}
	after := time.Now()
	if off := p.At(before).Sub(before.Round(0)); off != 0 {
		t.Errorf("before: %s ahead, expected 0", off)
	}
	if off := p.At(after).Sub(after.Round(0)); off != 30*time.Minute {
		t.Errorf("after: %s ahead, expected half an hour", off)
	}
}

// A target that never rests ends the wait with an error that says so.
func TestNoRest(t *testing.T) {
	if err := clock.Available(); err != nil {
		t.Skip(err)
	}
	c := clock.New()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envRole+"=busy")
	target, err := c.Start(cmd, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Wait()
	defer cmd.Process.Kill()
	p := &Passage{Clock: c, Patience: 200 * time.Millisecond}
	err = p.Settle(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no rest within 200ms") ||
		!strings.Contains(err.Error(), "in state") {
		t.Errorf("got %v, expected that a thread does not rest", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Settle(ctx); err == nil {
		t.Error("got no error for a context that has ended")
	}
}

func TestServiceUnderWay(t *testing.T) {
	s := &service{}
	end := s.Begin("work that goes on")
	p := &Passage{Clock: clock.New(), Services: []Service{s}, Patience: 100 * time.Millisecond}
	err := p.Settle(t.Context())
	if err == nil || !strings.Contains(err.Error(), "work that goes on") {
		t.Errorf("got %v, expected what is under way", err)
	}
	end()
	p.Patience = 0
	if err := p.Settle(t.Context()); err != nil {
		t.Error(err)
	}
}
