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

// An answer is a response before it is sent. Pebble writes its own into one.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	delay   time.Duration // before the second half of the body
	dropped bool          // no answer: the connection is reset
}

func newAnswer(status int, contentType, body string) *answer {
	return &answer{status: status, header: http.Header{"Content-Type": {contentType}}, body: []byte(body)}
}

// Header, Write and WriteHeader make an answer an [http.ResponseWriter].
func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, p...)
	return len(p), nil
}

// send answers a request.
func (a *answer) send(w http.ResponseWriter, r *http.Request) {
	if a.dropped {
		if conn, ok := r.Context().Value(connKey{}).(net.Conn); ok {
			reset(conn)
		}
		panic(http.ErrAbortHandler) // net/http's way to end without an answer
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.body != nil {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if a.delay == 0 {
		_, _ = w.Write(a.body) // the client may be gone
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

// told is what a JSON answer tells about itself: a problem document, or an
// object with a status and perhaps an error.
type told struct {
	Status json.RawMessage `json:"status"` // a problem's is a number
	Type   string          `json:"type"`
	Detail string          `json:"detail"`
	Error  *struct {
		Type   string `json:"type"`
		Detail string `json:"detail"`
	} `json:"error"`
}

// describe adds what the answer tells to an entry.
func (a *answer) describe(e *Entry) {
	e.Status = a.status
	if !strings.Contains(a.header.Get("Content-Type"), "json") {
		return
	}
	var t told
	if json.Unmarshal(a.body, &t) != nil {
		return
	}
	if strings.Contains(a.header.Get("Content-Type"), "problem") {
		e.Problem, e.Detail = t.Type, t.Detail
		return
	}
	e.State, _ = strconv.Unquote(string(t.Status)) // absent: empty
	if t.Error != nil {
		e.Problem, e.Detail = t.Error.Type, t.Error.Detail
	}
}

// challengeOrder are the challenge types that Pebble knows, in the order in
// which authorizations list them. Pebble shuffles them: tests want no dice.
var challengeOrder = []string{"http-01", "tls-alpn-01", "dns-01", "dns-account-01", "dns-persist-01"}

func knownChallenge(name string) bool { return slices.Contains(challengeOrder, name) }

// offer leaves only the challenges to be offered in an authorization's answer,
// in order.
func (a *answer) offer(types []string) {
	var authz map[string]json.RawMessage
	var challenges []map[string]any
	if a.status != http.StatusOK || json.Unmarshal(a.body, &authz) != nil || json.Unmarshal(authz["challenges"], &challenges) != nil {
		return
	}
	place := func(c map[string]any) int {
		name, _ := c["type"].(string)
		return slices.Index(types, name)
	}
	// A verdict stays visible even if the type was not on offer.
	if status := string(authz["status"]); status == `"pending"` {
		challenges = slices.DeleteFunc(challenges, func(c map[string]any) bool { return place(c) < 0 })
	}
	slices.SortStableFunc(challenges, func(a, b map[string]any) int { return place(a) - place(b) })
	var err error
	if authz["challenges"], err = json.Marshal(challenges); err != nil {
		return
	}
	if body, err := json.Marshal(authz); err == nil {
		a.body = body
	}
}
