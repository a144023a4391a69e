package acme

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// answering is a CA that gives one answer, and counts the requests.
type answering struct {
	status      int
	body        string
	header      http.Header
	requests    int
	contentType string
}

func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	a.requests++
	header := a.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", a.contentType)
	return &http.Response{
		StatusCode: a.status, Status: strconv.Itoa(a.status), Header: header, Request: r,
		Body: io.NopCloser(strings.NewReader(a.body)),
	}, nil
}

// post sends a POST request and returns the error, or the body.
func post(t *testing.T, g *gate, url string) (string, error) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := g.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body), nil
}

const (
	orders = "https://acme.test/order"
	link   = "https://acme.test/unpause"
)

// A CA that asks to wait for hours is not asked before, in either form of Retry-After.
func TestGateWaitsForTheCA(t *testing.T) {
	for _, date := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ca := &answering{
				status: 429, contentType: "application/problem+json", header: http.Header{},
				body: `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"see ` + link + `"}`,
			}
			ca.header.Set("Retry-After", "10800")
			if date {
				ca.header.Set("Retry-After", time.Now().Add(3*time.Hour).UTC().Format(http.TimeFormat))
			}
			g := newGate(ca)
			if _, err := post(t, g, orders); err == nil || !strings.Contains(err.Error(), link) {
				t.Errorf("error %v, expected the reason of the CA", err)
			}
			pass(3*time.Hour - 2*time.Second)
			_, err := post(t, g, orders)
			if err == nil || !strings.Contains(err.Error(), "not asked before") ||
				!strings.Contains(err.Error(), link) {
				t.Errorf("error %v, expected the time and the reason", err)
			}
			if post(t, g, orders+"s"); ca.requests != 2 {
				t.Errorf("%d requests, expected another URL to be asked", ca.requests)
			}
			pass(3 * time.Second)
			ca.status = 201
			if _, err := post(t, g, orders); err != nil || ca.requests != 3 {
				t.Errorf("%d requests, error %v, expected the third one", ca.requests, err)
			}
		})
	}
}

// A short wait is the ACME client's own matter, and other statuses ask for none.
func TestGateLeavesShortWaits(t *testing.T) {
	t.Parallel()
	after := func(text string) http.Header { return http.Header{"Retry-After": {text}} }
	for name, ca := range map[string]*answering{
		"a minute":      {status: 429, header: after("60"), body: "later"},
		"no time":       {status: 503, body: "later"},
		"no sense":      {status: 429, header: after("tomorrow"), body: "later"},
		"in the past":   {status: 429, header: after("Mon, 02 Jan 2006 15:04:05 GMT")},
		"an order":      {status: 201, header: after("3600"), body: "{}"},
		"a huge number": {status: 429, header: after("99999999999999999999")},
	} {
		g := newGate(ca)
		for range 2 {
			if body, err := post(t, g, orders); err != nil || body != ca.body {
				t.Errorf("%s: %q, %v, expected the answer as it is", name, body, err)
			}
		}
		if ca.requests != 2 {
			t.Errorf("%s: %d requests, expected 2", name, ca.requests)
		}
	}
}

// A CA that asks for years is asked again after a week.
func TestGateWaitsForAWeekAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := &answering{status: 429, header: http.Header{"Retry-After": {"2000000000"}}}
		g := newGate(ca)
		for range 3 {
			post(t, g, orders)
			pass(longestWait / 2)
		}
		if ca.requests != 2 {
			t.Errorf("%d requests in ten days, expected 2", ca.requests)
		}
	})
}

// Validations that fail in a row make orders rare, and a certificate ends that.
func TestGateSpacesOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := &answering{contentType: "application/json"}
		g := newGate(ca)
		placed := 0
		attempt := func() {
			ca.status, ca.body = 201, `{"status":"pending","finalize":"https://acme.test/f"}`
			if _, err := post(t, g, orders); err != nil {
				return
			}
			placed++
			ca.status, ca.body = 200, `{"status":"invalid","challenges":[{"type":"http-01"}]}`
			for range 2 { // which counts once
				post(t, g, "https://acme.test/authz/"+strconv.Itoa(placed))
			}
		}
		for range 24 * 60 {
			attempt()
			pass(time.Minute)
		}
		if placed < 24 || placed > 32 {
			t.Errorf("%d orders on the first day, expected 24 to 32", placed)
		}
		pass(time.Hour)
		ca.status, ca.contentType = 200, chainType
		post(t, g, "https://acme.test/cert/1")
		ca.contentType = "application/json"
		before := placed
		for range 2 {
			attempt()
		}
		if placed != before+2 {
			t.Errorf("%d orders after a certificate, expected 2", placed-before)
		}
	})
}

// pass lets virtual time pass in a bubble of testing/synctest. It takes no real time: what is
// waited for is the clock itself.
func pass(d time.Duration) { time.Sleep(d) }
