package suite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/sut"
)

// Server is a target that was started for the spec.
type Server struct {
	Keys    Keys         // its configuration
	Process *sut.Process // anew after each restart

	s      *Scenario
	launch *sut.Launch
	before []netip.AddrPort // what listened before it was started
	ready  int              // where its log stood when it was ready
	past   []*sut.Log       // what it wrote before it was started again
}

// Start starts the target with this configuration and waits until it is
// ready. A target that is not ready in time, or exits, has failed the spec.
func (s *Scenario) Start(keys Keys, options ...StartOption) *Server {
	ginkgo.GinkgoHelper()
	server := s.prepare(keys, options...)
	server.start()
	server.awaitReady()
	return server
}

// prepare writes the target's files, and makes the forwards that were asked
// for.
func (s *Scenario) prepare(keys Keys, options ...StartOption) *Server {
	ginkgo.GinkgoHelper()
	o := startup{input: sut.Input{Dir: s.Dir, CABundle: s.Path("ca-bundle.pem"), Keys: keys, Env: s.plan.Env}}
	for _, option := range options {
		option(&o)
	}
	for _, f := range o.forwards {
		s.must(s.World.Forward(f[0], f[1]))
	}
	launch, err := s.plan.target.Prepare(o.input)
	if cannot := (*sut.Inexpressible)(nil); errors.As(err, &cannot) {
		s.SkipUnless(false, cannot.Error())
	}
	s.must(err)
	if o.change != nil {
		s.must(o.change(launch.ConfigFile))
	}
	server := &Server{Keys: keys, s: s, launch: launch}
	s.servers = append(s.servers, server)
	return server
}

// start runs the command. A command that cannot be executed at all is the
// target's failure, not Assay's: the probe has seen it run.
func (v *Server) start() {
	ginkgo.GinkgoHelper()
	var err error
	v.before, err = v.s.World.Listeners()
	v.s.must(err)
	if v.Process != nil {
		v.past = append(v.past, v.Process.Log())
	}
	v.Process, err = sut.Start(v.launch, v.s.World.Start)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, exec.ErrNotFound), errors.Is(err, syscall.ENOEXEC):
		v.s.fail("expected  a command that can be executed\nseen      " + err.Error())
	default:
		v.s.must(err)
	}
}

func (v *Server) awaitReady() {
	ginkgo.GinkgoHelper()
	ctx, cancel := v.s.within(v.s.plan.startPatience())
	defer cancel()
	if err := v.Process.Ready(ctx, v.readiness()); err != nil {
		v.s.fail("expected  a server that is ready\nseen      " + indent(err.Error()))
	}
	v.awaitChallengeListener()
	v.ready = v.Process.Log().Mark()
	v.noteWarnings()
}

// awaitChallengeListener gives a server that is to answer HTTP-01 the time to
// open its second listener too, since targets say of the first alone when they
// are ready. One that opens it for a challenge only is not wrong: what has to
// answer, and when, is for specs to say.
func (v *Server) awaitChallengeListener() {
	address, expected := v.Keys.challengeListener()
	if !expected {
		return
	}
	ctx, cancel := v.s.within(patience / 5) // a server that opens it only for a challenge costs the whole wait
	defer cancel()
	v.Process.Listening(ctx, address, v.readiness())
}

func (v *Server) readiness() sut.Readiness {
	return sut.Readiness{Address: v.Address(), Listeners: v.s.World.Listeners, Dial: v.s.World.Dial, ListenersBefore: v.before, MinTimeout: patience}
}

// startPatience is how long a start may take. What the target file says of an
// idle machine never shortens it.
func (p *plan) startPatience() time.Duration {
	return max(patience, p.target.Ready.Timeout)
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
	v.start()
	v.awaitReady()
}

// logs are what the server wrote, from its first start on.
func (v *Server) logs() []*sut.Log { return append(slices.Clone(v.past), v.Process.Log()) }

// Stop asks the server to stop, as the target file says, and waits.
func (v *Server) Stop() sut.Ending {
	ctx, cancel := v.s.within(patience)
	defer cancel()
	return v.Process.Stop(ctx)
}

func (v *Server) kill() {
	if v.Process != nil {
		v.Process.Kill()
	}
}

// Address is the "ip:port" at which clients reach listen_addr.
func (v *Server) Address() string {
	text, _ := v.Keys["listen_addr"].(string)
	return v.s.reachable(text)
}

// reachable makes an address to connect to of one to listen on: an empty or
// unspecified host becomes the target's host.
func (s *Scenario) reachable(listen string) string {
	host, port, found := strings.Cut(listen, ":")
	if found && (host == "" || host == "0.0.0.0") {
		v4, _ := s.World.Host()
		return v4.String() + ":" + port
	}
	if rest, ok := strings.CutPrefix(listen, "[::]:"); ok {
		_, v6 := s.World.Host()
		return "[" + v6.String() + "]:" + rest
	}
	return listen
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
	ctx, cancel := v.s.within(patience)
	defer cancel()
	line, err := v.Process.Log().Wait(ctx, what, wanted)
	if err != nil {
		v.s.fail("expected  " + what + "\nseen      " + indent(err.Error()))
	}
	if !specs[v.s.requirement.ID].unsteady {
		v.s.Observe("error", "log", line.Text)
	}
	return line
}
