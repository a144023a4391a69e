package harness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/match"
	"assay/suite/internal/sut"
)

// AwaitEnd starts the target, waits until it has ended by itself, and returns
// it. It waits no longer than a server may take that cannot do what it was
// told: [match.EndInError] judges.
func (e *Env) AwaitEnd(keys Settings, options ...StartOption) *sut.Process {
	ginkgo.GinkgoHelper()
	server := e.prepare(keys, options...)
	server.Start()
	ctx, cancel := e.within(Limits.Prompt)
	defer cancel()
	select {
	case <-server.Process.Exited():
	case <-ctx.Done():
	}
	return server.Process
}

// LastConfiguration is the configuration of the server started last, if any.
func (e *Env) LastConfiguration() string {
	if len(e.servers) == 0 {
		return "(none)"
	}
	return e.servers[len(e.servers)-1].configuration()
}

// Server is a target that was started for the spec.
type Server struct {
	Settings Settings     // its configuration
	Process  *sut.Process // another one after each restart

	// StartTook is how long the last start took until the server was ready.
	StartTook time.Duration

	s      *Env
	launch *sut.Launch
	before []netip.AddrPort // what listened before it was started
	ready  int              // where its log stood when it was ready
	served bool             // it has been ready once
	past   []*sut.Log       // what it wrote before it was started again

	damaged int // where its log was when its pair was damaged; -1 if it was not
	journal int // how many entries the CA's journal had when it was started
}

// Start starts the target with this configuration and waits until it is
// ready. A target that is not ready in time, or exits, has failed the spec.
func (e *Env) Start(keys Settings, options ...StartOption) *Server {
	ginkgo.GinkgoHelper()
	server := e.prepare(keys, options...)
	server.Start()
	server.AwaitReady()
	return server
}

// prepare writes the target's files, and makes the forwards that were asked
// for.
func (e *Env) prepare(settings Settings, options ...StartOption) *Server {
	ginkgo.GinkgoHelper()
	o := startup{input: sut.Input{
		Dir:      e.Dir,
		CABundle: e.Path("ca-bundle.pem"),
		Env:      e.setup.Env,
	}}
	for _, option := range options {
		option.apply(&o)
	}
	settings = settings.With(o.over...)
	o.input.Keys = settings
	o.input.Ports, o.input.Backend = e.furtherPorts(), e.backend()
	for _, f := range o.forwards {
		e.Must(e.World.Forward(f[0], f[1]))
	}
	launch, err := e.setup.Target.Prepare(o.input)
	e.skipInexpressible(err)
	e.Must(err)
	if o.change != nil {
		e.Must(o.change(launch.ConfigFile))
	}
	server := &Server{Settings: settings, s: e, launch: launch}
	e.servers = append(e.servers, server)
	return server
}

// Start runs the command. A command that cannot be executed at all is the
// target's failure, not Assay's: the probe has seen it run.
func (v *Server) Start() {
	ginkgo.GinkgoHelper()
	v.needsNoSecond()
	v.damaged = -1
	if v.s.ca != nil {
		v.journal = len(v.s.ca.Journal().Entries())
	}
	var err error
	v.before, err = v.s.World.Listeners()
	v.s.Must(err)
	if v.Process != nil {
		v.past = append(v.past, v.Process.Log())
	}
	v.Process, err = sut.Start(v.launch, v.s.World.Start)
	v.s.skipInexpressible(err)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission),
		errors.Is(err, exec.ErrNotFound), errors.Is(err, syscall.ENOEXEC):
		v.s.Fail("expected  a command that can be executed\nseen      " + err.Error())
	default:
		v.s.Must(err)
		v.Process.Log().LeaveOut(v.s.names(v.Settings))
	}
	if v.s.setup.Recorder != nil {
		v.s.setup.Recorder.Watch(v.Process.Pid())
	}
}

// AwaitReady waits until the server is ready, as its target file says.
func (v *Server) AwaitReady() {
	ginkgo.GinkgoHelper()
	ctx, cancel := v.s.within(v.s.setup.StartPatience())
	defer cancel()
	if err := v.Process.Ready(ctx, v.readiness()); err != nil {
		v.s.Fail("expected  a server that is ready\nseen      " + match.Indent(err.Error()))
	}
	v.StartTook = time.Since(v.Process.Started())
	v.awaitChallengeListener()
	v.awaitIssued()
	v.ready, v.served = v.Process.Log().Mark(), true
	v.noteWarnings()
}

// awaitChallengeListener gives a server that is to answer HTTP-01 the time to
// open its second listener too, since target files tell of the first alone when
// the server is ready. A server that opens the second for a challenge only is
// not wrong. Specs say what has to answer, and when.
func (v *Server) awaitChallengeListener() {
	address, expected := v.Settings.challengeListener()
	if !expected {
		return
	}
	ctx, cancel := v.s.within(Limits.Listener)
	defer cancel()
	v.Process.Listening(ctx, address, v.readiness())
}

func (v *Server) readiness() sut.Readiness {
	return sut.Readiness{
		Address: v.Address(), Listeners: v.s.World.Listeners, Dial: v.s.World.Dial,
		ListenersBefore: v.before, MinTimeout: Patience,
	}
}

// awaitListener waits until the server has opened any listener at all; the
// error is that of a server that has not.
func (v *Server) awaitListener(ctx context.Context) error {
	r := v.readiness()
	r.AnyListener = true
	return v.Process.Ready(ctx, r)
}

// Restart stops the server and starts it again, with the same configuration
// and whatever it left in its directory.
func (v *Server) Restart() {
	ginkgo.GinkgoHelper()
	v.Stop()
	v.Start()
	v.AwaitReady()
}

// Logs returns the log of each start of the server.
func (v *Server) Logs() []*sut.Log { return append(slices.Clone(v.past), v.Process.Log()) }

// Log returns the lines that the server has written since its last start.
func (v *Server) Log() []sut.Line { return v.Process.Log().Lines() }

// WholeLog returns the lines that the server has written in all its starts.
func (v *Server) WholeLog() (lines []sut.Line) {
	for _, log := range v.Logs() {
		lines = append(lines, log.Lines()...)
	}
	return lines
}

// Listeners are the addresses that the server listens at, but for the further
// ports that the target file names.
func (v *Server) Listeners() []netip.AddrPort {
	ginkgo.GinkgoHelper()
	all, err := v.s.World.Listeners()
	v.s.Must(err)
	return slices.DeleteFunc(all, func(l netip.AddrPort) bool {
		return slices.Contains(v.before, l) || v.launch.OwnPort(l)
	})
}

// Stop asks the server to stop, as the target file says, and waits.
func (v *Server) Stop() sut.Ending {
	ctx, cancel := v.s.within(Patience)
	defer cancel()
	return v.Process.Stop(ctx)
}

// Kill ends the server by SIGKILL, if it was started.
func (v *Server) Kill() {
	if v.Process != nil {
		v.Process.Kill()
	}
}

// defaultListenAddr is the documented default of listen_addr.
const defaultListenAddr = "127.0.0.1:8080"

// Address is the "ip:port" at which clients reach listen_addr.
func (v *Server) Address() string {
	text, _ := v.Settings["listen_addr"].(string)
	if text == "" {
		text = defaultListenAddr
	}
	return v.s.reachable(text)
}

// reachable returns the "ip:port" at which clients reach a listener. An empty or
// unspecified host becomes the target's host, and a name becomes what it stands
// for. A text that is no address is returned as it is.
func (e *Env) reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if number, named := map[string]string{"http": "80", "https": "443"}[port]; named {
		port = number
	}
	v4, v6 := e.World.Host()
	switch host {
	case "", "0.0.0.0":
		host = v4.String()
	case "::":
		host = v6.String()
	case "localhost":
		host = "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	}
	return net.JoinHostPort(host, port)
}

// ConfigName is the config file's name, without its directory.
func (v *Server) ConfigName() string { return filepath.Base(v.launch.ConfigFile) }

// configuration is the text of the config file as the target found it.
func (v *Server) configuration() string {
	text, err := os.ReadFile(v.launch.ConfigFile)
	if err != nil {
		return fmt.Sprintf("(%v)", err)
	}
	return string(text)
}

// WaitLog waits for a line of the server's log, and records it: messages are
// compared with other versions' to the letter.
func (v *Server) WaitLog(what string, wanted func(sut.Line) bool) sut.Line {
	ginkgo.GinkgoHelper()
	ctx, cancel := v.s.within(Patience)
	defer cancel()
	line, err := v.Process.Log().Wait(ctx, what, wanted)
	if err != nil {
		v.s.Fail("expected  " + what + "\nseen      " + match.Indent(err.Error()))
	}
	if !Specs[v.s.requirement.ID].unsteady {
		v.s.Observe("error", "log", line.Text)
	}
	return line
}

// KillAndStart ends the server by SIGKILL and starts it again.
func (v *Server) KillAndStart() {
	ginkgo.GinkgoHelper()
	v.Kill()
	v.Start()
	v.AwaitReady()
}

// StartOrExit starts the server again, and lets it refuse to start. What it
// says is in its log either way.
func (v *Server) StartOrExit() {
	ginkgo.GinkgoHelper()
	v.Stop()
	v.Start()
	ctx, cancel := v.s.within(Patience)
	defer cancel()
	_ = v.awaitListener(ctx) // one that has exited is as good
}
