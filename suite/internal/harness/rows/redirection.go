package rows

import (
	"net/http"

	"assay/suite/internal/harness"
	"assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// A Redirection is a row about a request to the challenge listener, and where the redirect
// leads.
type Redirection struct {
	ServerURL string            `yaml:"server_url"`
	Absent    bool              // no server_url at all
	Empty     bool              // an empty text
	Method    string            // of the request; empty: GET
	Path      string            // likewise
	Host      string            // likewise; empty: the hostname
	Header    map[string]string // likewise
	Leads     []string
	MayRefuse bool `yaml:"may_refuse"` // any answer but a redirect elsewhere
}

// Settings returns the settings of the row, besides those of HTTP-01.
func (r Redirection) Settings(e *harness.Env) harness.Settings {
	switch {
	case r.Absent:
		return harness.Settings{"server_url": nil}
	case r.Empty:
		return harness.Settings{"server_url": ""}
	case r.ServerURL == "":
		return nil
	}
	return harness.Settings{"server_url": e.Expand(r.ServerURL)}
}

// Ask sends the request to the challenge listener at port 5080, and follows redirects to simpler
// paths there. A server may lead to one of these first, and from there to another address.
func (r Redirection) Ask(e *harness.Env) *wire.Response {
	as := func(request *wire.Request) {
		if r.Host != "" {
			request.Host = e.Expand(r.Host)
		}
		request.Method = r.Method
		request.Header = http.Header{}
		for name, value := range r.Header {
			request.Header.Set(name, value)
		}
	}
	answer := e.Get(e.Addr(5080), e.Expand(r.Path), as)
	const hops = 3
	for range hops {
		path, stays := match.StaysAtHost(answer)
		if !stays {
			break
		}
		answer = e.Get(e.Addr(5080), path, as)
	}
	return answer
}
