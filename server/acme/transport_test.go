package acme

import (
	"errors"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// ask sends one request through a transport whose other end gives a fixed
// answer.
func ask(t *testing.T, transport *transport, status int, body string) {
	t.Helper()
	send(t, transport, http.MethodPost, "https://acme.test/order", status, body)
}

func send(t *testing.T, transport *transport, method, url string, status int, body string) {
	t.Helper()
	transport.next = roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status,
			Body:       io.NopCloser(strings.NewReader(body)),
			Request:    r,
		}, nil
	})
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(res.Body)
	if err != nil || string(got) != body {
		t.Errorf("the body arrived as %q, %v, want %q", got, err, body)
	}
	res.Body.Close()
}

func TestTransportLogsRefusals(t *testing.T) {
	t.Parallel()
	problem := func(kind, detail string) string {
		return `{"type":"urn:ietf:params:acme:error:` + kind + `","detail":"` + detail + `"}`
	}
	for name, test := range map[string]struct {
		status     int
		body, want string
	}{
		"success":             {200, "{}", ""},
		"no body":             {200, "", ""},
		"an order that waits": {201, `{"status":"pending"}`, ""},
		"an order that is invalid": {
			200, `{"status":"invalid","error":` + problem("caa", "forbidden") + `}`,
			"acme: POST https://acme.test/order: 200 invalid, urn:ietf:params:acme:error:caa: " +
				"forbidden\n"},
		"a validation that failed": {200,
			`{"status":"invalid","challenges":[{"type":"dns-01"},{"type":"http-01","error":` +
				problem("connection", `no\nroute`) + `}]}`,
			"acme: POST https://acme.test/order: 200 invalid, " +
				"urn:ietf:params:acme:error:connection: no\\nroute\n"},
		"a validation by another challenge": {
			200,
			`{"status":"invalid","challenges":[{"type":"tls-alpn-01","error":` + problem("tls", "no") +
				`},{"type":"http-01"}]}`,
			"",
		},
		"no reason given": {
			200, `{"status":"invalid"}`, "acme: POST https://acme.test/order: 200 invalid\n",
		},
		"a web page": {
			200, "<html>",
			"acme: POST https://acme.test/order: 200 an answer that makes no sense: \n",
		},
		"subproblems": {
			403, `{"type":"t","detail":"d","subproblems":[` + problem("caa", "forbidden") + `]}`,
			"acme: POST https://acme.test/order: 403 t: d; urn:ietf:params:acme:error:caa: " +
				"forbidden\n"},
		"final refusal": {403, problem("rejectedIdentifier", `policy forbids \"a.test\"`),
			`acme: POST https://acme.test/order: 403 ` +
				`urn:ietf:params:acme:error:rejectedIdentifier: policy forbids "a.test"` + "\n"},
		"no problem document": {404, "<html>", "acme: POST https://acme.test/order: 404 Not Found\n"},
		"line break in a detail": {
			400, problem("malformed", `a\nb`),
			"acme: POST https://acme.test/order: 400 urn:ietf:params:acme:error:malformed: a\\nb\n",
		},
		"stale nonce":  {400, problem("badNonce", "again"), ""},
		"rate limit":   {429, problem("rateLimited", "later"), ""},
		"server error": {500, problem("serverInternal", "oops"), ""},
		"huge body": {
			400, strings.Repeat("x", 2*maxProblem),
			"acme: POST https://acme.test/order: 400 Bad Request\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logged strings.Builder
			ask(t, newTransport(nil, "http-01", log.New(&logged, "", 0)), test.status, test.body)
			if diff := cmp.Diff(test.want, logged.String()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestTransportLogsLostConnections(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	transport := newTransport(
		roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }),
		"http-01",
		log.New(&logged, "", 0),
	)
	r, _ := http.NewRequest(http.MethodGet, "https://acme.test/dir", nil)
	if _, err := transport.RoundTrip(r); err == nil || logged.String() != "acme: GET "+
		"https://acme.test/dir: refused\n" {
		t.Errorf("got %v, logged %q", err, &logged)
	}
}

// An authorization that failed is looked at more than once; the next one is
// another matter.
func TestTransportLogsAFailedValidationOnce(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	transport := newTransport(nil, "http-01", log.New(&logged, "", 0))
	for _, url := range []string{"https://acme.test/authz/1", "https://acme.test/authz/1",
		"https://acme.test/authz/2"} {
		send(t, transport, http.MethodPost, url, 200, `{"status":"invalid"}`)
	}
	if got := strings.Count(logged.String(), "\n"); got != 2 {
		t.Errorf("two failed validations gave %d lines:\n%s", got, &logged)
	}
}

func TestTransportLogsAnswersThatBreakOff(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	transport := newTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
		body := io.MultiReader(strings.NewReader(`{"status":`), iotest.ErrReader(errors.New("cut")))
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body), Request: r}, nil
	}), "http-01", log.New(&logged, "", 0))
	r, _ := http.NewRequest(http.MethodPost, "https://acme.test/order", nil)
	res, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(res.Body)
	res.Body.Close()
	if err == nil || logged.String() != "acme: POST https://acme.test/order: 200 cut\n" {
		t.Errorf("got %v, logged %q", err, &logged)
	}
}

// A CA that fails for long is reported, now and then, though it goes on giving
// nonces. Time is virtual (testing/synctest).
func TestTransportLogsLastingFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var logged strings.Builder
		transport := newTransport(nil, "http-01", log.New(&logged, "", 0))
		count := func() int { return lines(&logged) }
		for range 60 { // half an hour
			send(t, transport, http.MethodHead, "https://acme.test/nonce", 200, "")
			ask(t, transport, 500, "")
			pass(30 * time.Second)
		}
		if got := count(); got != 3 {
			t.Errorf("half an hour of failures gave %d lines, want 3", got)
		}
		ask(t, transport, 200, "")
		ask(t, transport, 500, "")
		if got := count(); got != 3 {
			t.Errorf("a passing failure was logged")
		}
	})
}
