package harness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/limits"
	"assay/suite/internal/match"
	"assay/suite/internal/sut"
)

// AwaitEnd starts the target, waits until it has ended by itself, and returns
// it. It waits as long as a server may take to find out that it cannot run, and
// leaves the judgement to [match.EndInError].
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

// LastConfiguration returns the configuration of the server started last, if any.
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
	// reloaded says that the process was told to reload.
	reloaded bool
	past     []*sut.Log // what it wrote before it was started again

	pairs   pairs
	lost    int // connections that it lost since the last signal
	stopped int // where its log was when it was told to stop
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
		Files:    e.below,
		CABundle: e.Path("ca-bundle.pem"),
		Env:      e.setup.Env,
	}}
	if e.setup.Covdata != "" {
		e.Must(e.below.MkdirAll(CoverageDir, 0o777))
		o.input.Env = append(slices.Clone(o.input.Env), "GOCOVERDIR="+e.Path(CoverageDir))
	}
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
	var timed func(*exec.Cmd) (func() syscall.WaitStatus, error)
	if v.s.Time != nil {
		timed = v.s.startTimed
	}
	v.reloaded = false
	v.Process, err = sut.StartTimed(v.launch, v.s.World.Start, timed)
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
	w := &wait{began: time.Now(), limit: v.s.setup.StartPatience(), least: Limits.Prompt}
	w.vain = func() bool { return v.neverAsks() && v.s.setup.Contact.Finding().NotReady }
	ctx, cancel := v.s.wait(w)
	defer cancel()
	if err := v.Process.Ready(ctx, v.readiness()); err != nil {
		w.forCA = w.vain() || v.awaitsCA() && v.saysNoConnection()
		v.s.Fail("expected  a server that is ready\nseen      " + match.Indent(err.Error()))
	}
	v.StartTook = time.Since(v.Process.Started())
	v.awaitChallengeListener()
	v.awaitIssued()
	v.ready, v.served = v.Process.Log().Mark(), true
	v.noteWarnings()
}

// saysNoConnection reports whether the server has logged that it got no connection.
func (v *Server) saysNoConnection() bool {
	why, _ := v.s.noConnection()
	return why != ""
}

// neverAsks reports whether the run has found that the server does not turn to the CA that
// it is configured for.
func (v *Server) neverAsks() bool { return v.awaitsCA() && v.s.neverAsks() }

// awaitsCA reports whether the server is configured to get a certificate from the spec's
// CA, and has not sent that a request.
func (v *Server) awaitsCA() bool {
	name, _ := v.Settings["tls_letsencrypt_hostname"].(string)
	return name != "" && v.s.ca != nil && !v.s.requested()
}

// awaitChallengeListener gives a server that is to answer HTTP-01 the time to open
// its second listener too, since a target file says only of the first one when it is
// open. A server that opens the second for a challenge only is not wrong. Specs say
// what has to answer, and when.
func (v *Server) awaitChallengeListener() {
	address, expected := v.Settings.challengeListener()
	if !expected {
		return
	}
	ctx, cancel := v.s.wait(&wait{
		began: time.Now(), limit: Limits.Listener,
		vain: func() bool { return v.s.setup.Contact.Finding().NoListener },
	})
	defer cancel()
	v.Process.Listening(ctx, address, v.readiness())
}

func (v *Server) readiness() sut.Readiness {
	return sut.Readiness{
		Address: v.Address(), Listeners: v.s.World.Listeners, Dial: v.s.World.Dial,
		ListenersBefore: v.before, MinTimeout: Patience,
	}
}

// awaitListener waits until the server has opened any listener. It returns an error
// if the server opens none.
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

// LogOfCertificates returns what the server wrote from its last start to the call of
// [Server.Stop], and of the lines after that call those that speak of certificates.
// The other lines about its end differ from run to run. The later lines count at all
// because a server that buffers its log writes everything at its end.
func (v *Server) LogOfCertificates() []sut.Line {
	later := v.Process.Log().Since(v.stopped)
	lines := v.Log()
	lines = lines[:max(0, len(lines)-len(later))]
	for _, line := range later {
		if certificateWords.MatchString(line.Words()) {
			lines = append(lines, line)
		}
	}
	return lines
}

// certificateWords matches a line that speaks of certificates.
var certificateWords = regexp.MustCompile(
	`(?i)certif|\bcerts?\b|chain|issuer|intermediate|\bleaf\b|\broots?\b|\.pem\b|x509|pkix`)

// WholeLog returns the lines that the server has written in all its starts.
func (v *Server) WholeLog() (lines []sut.Line) {
	for _, log := range v.Logs() {
		lines = append(lines, log.Lines()...)
	}
	return lines
}

// Listeners returns the addresses that the server listens at, except the further
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
	v.stopped = v.Process.Log().Mark()
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

// Address returns the "ip:port" at which clients reach listen_addr.
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

// ConfigName returns the config file's name, without its directory.
func (v *Server) ConfigName() string { return filepath.Base(v.launch.ConfigFile) }

// configuration returns the text of the config file as the target has left it.
func (v *Server) configuration() string {
	text, err := v.s.below.ReadFile(v.launch.ConfigFile, limits.File)
	if err != nil {
		return fmt.Sprintf("(%v)", err)
	}
	return string(text)
}

// WaitLog waits for a line of the server's log, and records it, because reports of
// two versions are compared message by message.
func (v *Server) WaitLog(what string, wanted func(sut.Line) bool) sut.Line {
	ginkgo.GinkgoHelper()
	ctx, cancel := v.s.within(Patience)
	defer cancel()
	return v.waitLog(ctx, what, wanted)
}

// WaitLogOfCA waits for a line of the server's log that a server writes only after it has
// turned to its CA, and records it.
func (v *Server) WaitLogOfCA(what string, wanted func(sut.Line) bool) sut.Line {
	ginkgo.GinkgoHelper()
	ctx, cancel := v.s.withinForCA(Patience)
	defer cancel()
	return v.waitLog(ctx, what, wanted)
}

func (v *Server) waitLog(
	ctx context.Context, what string, wanted func(sut.Line) bool,
) sut.Line {
	ginkgo.GinkgoHelper()
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
	_ = v.awaitListener(ctx) // a server that has exited is accepted too
}
