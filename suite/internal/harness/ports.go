package harness

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"

	"assay/suite/internal/world"
)

// Numbers of the further ports of targets, and of the backend. They are below
// the ports that the kernel gives to clients, and every worker has some of its
// own: in the loopback world a server may listen at a port on every address.
const (
	firstFurther  = 20000
	furtherNumber = 90 // for each worker
)

// furtherAddress returns an address of the target's host that no other start of
// the spec has.
func (e *Env) furtherAddress() string {
	port := firstFurther + e.worker*furtherNumber + e.further%furtherNumber
	e.further++
	return e.hostAt(port)
}

func (e *Env) hostAt(port int) string {
	v4, _ := e.World.Host()
	return netip.AddrPortFrom(v4, uint16(port)).String()
}

// furtherPorts gives addresses to the ports that the target file names, for one
// start.
func (e *Env) furtherPorts() map[string]string {
	ports := map[string]string{}
	for _, p := range e.setup.Target.Ports {
		if p.Fixed > 0 {
			ports[p.Name] = e.hostAt(p.Fixed)
		} else {
			ports[p.Name] = e.furtherAddress()
		}
	}
	return ports
}

// needsNoSecond skips the spec if another server of it runs and both would want
// the same port.
func (v *Server) needsNoSecond() {
	fixed := v.s.setup.Target.FixedPorts()
	for _, other := range v.s.servers {
		if len(fixed) == 0 || other == v || other.Process == nil {
			continue
		}
		select {
		case <-other.Process.Exited():
		default:
			v.s.SkipUnless(false, fmt.Sprintf(
				"the server cannot be told its port %d, so no second one can run beside it", fixed[0]))
		}
	}
}

// Workers returns how many specs of a target may run at the same time. In the
// loopback world, servers that cannot be told a port would want the same one.
func (u Setup) Workers(kind world.Kind, wanted int) int {
	if kind == world.Loopback && len(u.Target.FixedPorts()) > 0 {
		return 1
	}
	return wanted
}

// backend returns the address of the HTTP server behind a TLS proxy, which is
// started when it is first asked for; "" if the target file does not mention it.
func (e *Env) backend() string {
	if !e.setup.Target.WantsBackend() {
		return ""
	}
	if e.backendAddress == "" {
		e.backendAddress = e.furtherAddress()
		listener, err := e.World.Listen("tcp", e.backendAddress)
		e.Must(err)
		server := &http.Server{Handler: http.HandlerFunc(answer), ReadHeaderTimeout: time.Minute}
		e.Closers = append(e.Closers, server.Close)
		go server.Serve(listener)
	}
	return e.backendAddress
}

// answer answers every request with a page that shows the request's path.
func answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if r.Method != http.MethodHead {
		io.WriteString(w, "This is Assay's backend. You asked for "+r.URL.EscapedPath()+"\n")
	}
}
