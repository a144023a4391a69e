package pebble

import (
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// answer is a response that has not been sent yet. It is an [http.ResponseWriter],
// to which Pebble writes.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	delay   time.Duration // before the second half of the body is sent
	dropped bool          // whether the connection is reset instead
	silent  bool          // whether nothing is sent as long as the client waits
}

func newAnswer(status int, contentType, body string) *answer {
	header := http.Header{"Content-Type": {contentType}}
	return &answer{status: status, header: header, body: []byte(body)}
}

// Header implements [http.ResponseWriter].
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements [http.ResponseWriter].
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, p...)
	return len(p), nil
}

// send sends the answer.
func (a *answer) send(w http.ResponseWriter, r *http.Request) {
	if a.dropped {
		if conn, ok := r.Context().Value(connKey{}).(net.Conn); ok {
			reset(conn)
		}
		panic(http.ErrAbortHandler) // makes net/http close the connection
	}
	if a.silent {
		if setAside, ok := r.Context().Value(setAsideKey{}).(func(*http.Request)); ok {
			setAside(r)
		}
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.body != nil {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if a.delay == 0 {
		_, _ = w.Write(a.body) // fails if the client has closed the connection
		return
	}
	half := len(a.body) / 2
	_, _ = w.Write(a.body[:half])
	_ = http.NewResponseController(w).Flush()
	timer := time.NewTimer(a.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		_, _ = w.Write(a.body[half:])
	case <-r.Context().Done():
	}
}

// summary holds the fields of a JSON answer that the journal records. The answer is
// a problem document, or an object with a status and perhaps an error.
type summary struct {
	Status json.RawMessage `json:"status"` // a number in a problem document
	Type   string          `json:"type"`
	Detail string          `json:"detail"`
	Error  *struct {
		Type   string `json:"type"`
		Detail string `json:"detail"`
	} `json:"error"`
}

// describe records in an entry what the answer says.
func (a *answer) describe(e *Entry) {
	e.Status = a.status
	if !strings.Contains(a.header.Get("Content-Type"), "json") {
		return
	}
	var s summary
	if json.Unmarshal(a.body, &s) != nil {
		return
	}
	if strings.Contains(a.header.Get("Content-Type"), "problem") {
		e.Problem, e.Detail = s.Type, s.Detail
		return
	}
	e.State, _ = strconv.Unquote(string(s.Status)) // empty if there is no status
	if s.Error != nil {
		e.Problem, e.Detail = s.Error.Type, s.Error.Detail
	}
}

// change changes the fields of an answer that is a JSON object, unless it is an error.
func (a *answer) change(change func(fields map[string]json.RawMessage)) {
	var fields map[string]json.RawMessage
	if a.status >= http.StatusBadRequest || json.Unmarshal(a.body, &fields) != nil {
		return
	}
	change(fields)
	if body, err := json.Marshal(fields); err == nil {
		a.body = body
	}
}

// challengeTypes are the challenge types that Pebble knows.
var challengeTypes = []string{
	"http-01", "tls-alpn-01", "dns-01", "dns-account-01", "dns-persist-01",
}

func knownChallenge(name string) bool { return slices.Contains(challengeTypes, name) }

// offerChallenges changes an authorization's answer so that it lists only challenges
// of these types, in this order. Pebble lists all types in random order. Challenges of
// types that Pebble does not know get URLs that begin with prefix, and no token: what a type
// has beside type, URL and status is its own matter (RFC 8555 §8).
func (a *answer) offerChallenges(types []string, prefix string) {
	var authz map[string]json.RawMessage
	var challenges []map[string]any
	if a.status != http.StatusOK || json.Unmarshal(a.body, &authz) != nil ||
		json.Unmarshal(authz["challenges"], &challenges) != nil {
		return
	}
	position := func(c map[string]any) int {
		name, _ := c["type"].(string)
		return slices.Index(types, name)
	}
	// Once the authorization is decided, Pebble lists only the challenge that
	// decided it, which stays even if its type is not offered.
	if status := string(authz["status"]); status == `"pending"` {
		challenges = slices.DeleteFunc(challenges, func(c map[string]any) bool {
			return position(c) < 0
		})
		for _, name := range types {
			if !knownChallenge(name) {
				challenges = append(challenges, map[string]any{
					"type": name, "status": "pending", "url": prefix + name,
				})
			}
		}
	}
	slices.SortStableFunc(challenges, func(a, b map[string]any) int {
		return position(a) - position(b)
	})
	var err error
	if authz["challenges"], err = json.Marshal(challenges); err != nil {
		return
	}
	if body, err := json.Marshal(authz); err == nil {
		a.body = body
	}
}
