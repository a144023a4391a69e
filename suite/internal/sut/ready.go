package sut

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"time"

	"assay/suite/internal/limits"
	"assay/suite/internal/patience"
)

// Readiness holds what [Process.Ready] needs to see whether a server is ready.
type Readiness struct {
	// Address is the "ip:port" at which clients reach the server's listen_addr.
	// Readiness by http sends its request there. Readiness by tcp looks for a
	// listener there if the configuration does not set the target's key.
	Address string
	// Listeners reads the socket table of the server's world and returns every
	// address that accepts TCP connections.
	Listeners func() ([]netip.AddrPort, error)
	// Dial connects inside the server's world. It is called with literal
	// addresses only.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// AnyListener says that the server counts as ready as soon as any listener
	// appears, whatever the target file says, except those at its further ports.
	// Tests use it that expect no listener at all.
	AnyListener bool
	// ListenersBefore are the listeners that existed before the server was
	// started, such as the CA and DNS. They never count as the server's own.
	ListenersBefore []netip.AddrPort
	// MinTimeout is the time that the server has at least, if the target file
	// gives it less.
	MinTimeout time.Duration
}

// NotReady is the error of a server that did not become ready.
type NotReady struct {
	// Awaited describes what would have made the server ready.
	Awaited string
	// Ending describes how the server ended; nil if it still runs.
	Ending *Ending
	// Waited is how long Assay has waited.
	Waited time.Duration
	// Log holds the server's last lines.
	Log string

	cause error
}

// Error says what was awaited, what happened instead, and what the server wrote
// last.
func (e *NotReady) Error() string {
	if e.Ending != nil {
		return fmt.Sprintf("waited for %s: the server %v; its last lines:\n%s",
			e.Awaited, e.Ending, e.Log)
	}
	if errors.Is(e.cause, context.Canceled) {
		return fmt.Sprintf("waited for %s: interrupted; the server's last lines:\n%s",
			e.Awaited, e.Log)
	}
	return fmt.Sprintf("waited for %s: the server runs, but it did not come within %v; "+
		"its last lines:\n%s", e.Awaited, e.Waited.Round(time.Millisecond), e.Log)
}

// Unwrap returns [ErrExited] if the server ended, else the context's error.
func (e *NotReady) Unwrap() error {
	if e.Ending != nil {
		return ErrExited
	}
	return e.cause
}

// Ready waits until the server is ready as the target file says. It waits for
// the target file's timeout, or for r.MinTimeout if that is longer, and returns
// at once when the server exits. When Ready returns, the log holds what the
// server wrote before it was ready. The error is a *[NotReady], or an error of
// reading the socket table or of the configuration.
func (p *Process) Ready(ctx context.Context, r Readiness) error {
	ctx, cancel := context.WithTimeout(ctx, max(p.launch.target.Ready.Timeout, r.MinTimeout))
	defer cancel()
	asked := time.Now()
	awaited, condition, err := p.condition(r)
	if err != nil {
		return err
	}
	err = condition(ctx)
	if err == nil && p.launch.target.Forks && !r.AnyListener {
		awaited, err = "the command to exit, as the target forks", p.waitForCommand(ctx)
	}
	if err == nil {
		p.waitForLog(ctx)
	}
	if err == nil && !p.hasExited() {
		return nil
	}
	if err != nil && !errors.Is(err, ErrExited) && !errors.Is(err, context.Cause(ctx)) {
		return err
	}
	failure := &NotReady{Awaited: awaited, Waited: time.Since(asked), cause: context.Cause(ctx)}
	if errors.Is(err, ErrExited) {
		<-p.exited // the log may end a moment before
	}
	if p.hasExited() {
		ending := p.ending
		failure.Ending = &ending
	}
	failure.Log = p.log.Tail(tailLines)
	return failure
}

// Listening waits until something listens at an address of the configuration,
// such as ":http". The error is a *[NotReady], or an error of the address.
func (p *Process) Listening(ctx context.Context, text string, r Readiness) error {
	wanted, err := parseAddress(text)
	if err != nil {
		return err
	}
	asked := time.Now()
	if err = p.waitForListener(ctx, r, wanted); err == nil {
		return nil
	}
	failure := &NotReady{
		Awaited: "a listener on " + text, Waited: time.Since(asked),
		Log: p.log.Tail(tailLines), cause: err,
	}
	if p.hasExited() {
		failure.Ending = &p.ending
	}
	return failure
}

// condition returns what makes the server ready: in words, and as a function
// that waits for it. The function returns [ErrExited] if the server exits, or
// the context's cause.
func (p *Process) condition(r Readiness) (string, func(context.Context) error, error) {
	when := p.launch.target.Ready
	switch {
	case r.AnyListener:
		return "any listener", func(ctx context.Context) error {
			return p.waitForListener(ctx, r, address{any: true})
		}, nil
	case when.Log != nil:
		what := fmt.Sprintf("a line of the log that matches %q", when.Log)
		return what, func(ctx context.Context) error {
			_, err := p.log.Wait(ctx, what, func(l Line) bool { return when.Log.MatchString(l.Text) })
			return err
		}, nil
	case when.HTTP != "":
		target := p.url(r.Address, when.HTTP)
		return "a 2xx answer to GET " + target.String(), func(ctx context.Context) error {
			return p.waitForAnswer(ctx, r, target)
		}, nil
	}
	text, _ := p.launch.configuration[when.TCP].(string)
	if text == "" {
		text = r.Address
	}
	wanted, err := parseAddress(text)
	if err != nil {
		return "", nil, fmt.Errorf("target %s: ready.tcp: %s: %w", p.launch.target.Name, when.TCP, err)
	}
	what := fmt.Sprintf("a listener on %s (%s)", text, when.TCP)
	return what, func(ctx context.Context) error { return p.waitForListener(ctx, r, wanted) }, nil
}

// waitForCommand waits until the command of a target that forks has exited.
func (p *Process) waitForCommand(ctx context.Context) error {
	select {
	case <-p.commandExited:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// poll calls try until it reports true, the server exits or the context ends. It
// polls because the kernel has no event for a socket that begins to listen.
func (p *Process) poll(ctx context.Context, try func() (bool, error)) error {
	const shortest, longest = 3 * time.Millisecond, 12 * time.Millisecond
	pause := shortest
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-p.exited:
			return ErrExited
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
		}
		if ok, err := try(); ok || err != nil {
			return err
		}
		timer.Reset(pause)
		pause = min(longest, pause+pause/3)
	}
}

// openFor is how long a listener has to be there. A server may open its port for a moment to
// see whether it is free, and a client's connection would be lost with it. Where the machine
// makes the server wait, the moment is longer: a server that has work to do, or waits for a
// processor, may be about to close the port, unless that lasts for longer than busyFor. To look
// at the threads of a process costs the kernel time when they end, so this is done only where
// more than crowd threads for each processor want to run.
const (
	openFor = 20 * time.Millisecond
	busyFor = time.Second
	crowd   = 8
)

// waitForListener waits until the wanted address is in the socket table and stays there.
func (p *Process) waitForListener(ctx context.Context, r Readiness, wanted address) error {
	if r.Listeners == nil {
		return errors.New("ready by tcp: found no Listeners in Readiness, expected one")
	}
	var first time.Time // the first of the looks in a row that found it
	return p.poll(ctx, func() (bool, error) {
		all, err := r.Listeners()
		if err != nil {
			return false, fmt.Errorf("reading the socket table: %w", err)
		}
		now := time.Now()
		there := slices.ContainsFunc(all, func(l netip.AddrPort) bool {
			own := wanted.any && p.launch.OwnPort(l)
			return wanted.matches(l) && !own && !slices.Contains(r.ListenersBefore, l)
		})
		switch {
		case !there:
			first = time.Time{}
		case first.IsZero():
			first = now
		}
		open := now.Sub(first)
		if !there || open < openFor {
			return false, nil
		}
		crowded := patience.Runnable() > crowd*runtime.NumCPU()
		return open >= busyFor || !crowded || !patience.Busy(p.Pid()), nil
	})
}

// url returns where to ask whether the server is ready: the scheme and name of
// server_url, the address of listen_addr.
func (p *Process) url(address, path string) *url.URL {
	u := &url.URL{Scheme: "http", Host: address, Path: path}
	if own, _ := p.launch.configuration["server_url"].(string); strings.HasPrefix(own, "https://") {
		u.Scheme = "https"
	}
	return u
}

// waitForAnswer waits for a 2xx answer. It does not verify certificates, since
// other tests judge them.
func (p *Process) waitForAnswer(ctx context.Context, r Readiness, target *url.URL) error {
	if r.Dial == nil {
		return errors.New("ready by http: found no Dial in Readiness, expected one")
	}
	name := ""
	if own, _ := p.launch.configuration["server_url"].(string); own != "" {
		if u, err := url.Parse(own); err == nil {
			name = u.Hostname()
		}
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return r.Dial(ctx, network, target.Host)
		},
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true, ServerName: name},
		DisableKeepAlives: true,

		MaxResponseHeaderBytes: limits.HTTPHead,
		DisableCompression:     true, // a little that is packed can become very much
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { // a server that exits ends the request in flight
		select {
		case <-p.exited:
			cancel(ErrExited)
		case <-ctx.Done():
		}
	}()
	return p.poll(ctx, func() (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
		if err != nil {
			return false, err
		}
		if name != "" {
			request.Host = name
		}
		response, err := client.Do(request)
		if err != nil {
			return false, nil // not yet
		}
		defer response.Body.Close()
		io.Copy(io.Discard, io.LimitReader(response.Body, limits.HTTPBody))
		return response.StatusCode/100 == 2, nil
	})
}
