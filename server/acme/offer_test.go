package acme

import (
	"errors"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// get sends a request through a filter for http-01 and returns the body that
// arrives.
func get(t *testing.T, o *onlyChallenge, status int, kind string, body io.Reader) string {
	t.Helper()
	o.kind = "http-01"
	o.next = roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: io.NopCloser(body), Request: r,
			Header: http.Header{"Content-Type": {kind}, "Content-Length": {"9999"}}}, nil
	})
	r, err := http.NewRequest(http.MethodPost, "https://acme.test/authz", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := o.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return string(got)
}

func TestOnlyTheConfiguredChallengeIsShown(t *testing.T) {
	t.Parallel()
	const head = `{"identifier":{"type":"dns","value":"a.test"},"status":"pending","challenges":[`
	const http01, alpn01 = `{"type":"http-01","token":"x"}`, `{"type":"tls-alpn-01"}`
	const dns01 = `{"type":"dns-01"}`
	const json = "application/json"
	for name, test := range map[string]struct {
		status           int
		kind, body, want string // want is the challenges that are left; empty means an unchanged body
	}{
		"all types":     {200, json, head + dns01 + "," + alpn01 + "," + http01 + "]}", http01},
		"charset":       {200, json + "; charset=utf-8", head + alpn01 + "," + http01 + "]}", http01},
		"only this":     {200, json, head + http01 + "]}", http01},
		"only another":  {200, json, head + alpn01 + "]}", " "},
		"none":          {200, json, head + "]}", " "},
		"unknown forms": {200, json, head + `7,{"type":3},` + http01 + "]}", http01},
		"valid":         {200, json, strings.Replace(head, "pending", "valid", 1) + alpn01 + "]}", ""},
		"invalid":       {200, json, strings.Replace(head, "pending", "invalid", 1) + alpn01 + "]}", ""},
		"order":         {200, json, `{"status":"pending","identifiers":[],"authorizations":["x"]}`, ""},
		"refusal":       {403, json, head + alpn01 + "]}", ""},
		"certificate":   {200, chainType, head + alpn01 + "]}", ""},
		"not JSON":      {200, json, "<html>", ""},
		"empty":         {200, json, "", ""},
		"huge":          {200, json, strings.Repeat(" ", maxObject) + head + alpn01 + "]}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &onlyChallenge{log: log.New(io.Discard, "", 0)}
			got := get(t, o, test.status, test.kind, strings.NewReader(test.body))
			want := test.body
			if test.want != "" {
				want = `{"challenges":[` + strings.TrimSpace(test.want) + `],` +
					`"identifier":{"type":"dns","value":"a.test"},"status":"pending"}`
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestABrokenBodyStaysBroken(t *testing.T) {
	t.Parallel()
	o := &onlyChallenge{log: log.New(io.Discard, "", 0)}
	body := io.MultiReader(strings.NewReader(`{"status":`), iotest.ErrReader(errors.New("cut")))
	if got := get(t, o, 200, "application/json", body); got != "cut" {
		t.Errorf("got %q, want the error of the body", got)
	}
}

func TestAMissingChallengeTypeIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	o := &onlyChallenge{log: log.New(&logged, "", 0)}
	authorization := func(types ...string) {
		text := `{"identifier":{"value":"a.test"},"status":"pending","challenges":[`
		for i, kind := range types {
			if i > 0 {
				text += ","
			}
			text += `{"type":"` + kind + `"}`
		}
		get(t, o, 200, "application/json", strings.NewReader(text+"]}"))
	}
	line := "acme: the CA does not offer the challenge type http-01 for a.test, " +
		"it offers \"tls-alpn-01, dns-01\"; no certificate can be obtained\n"
	authorization("tls-alpn-01", "dns-01")
	authorization("tls-alpn-01", "dns-01")
	if diff := cmp.Diff(line, logged.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	authorization("tls-alpn-01", "http-01")
	authorization("tls-alpn-01", "dns-01")
	if diff := cmp.Diff(line+line, logged.String()); diff != "" {
		t.Errorf("after a good one: -want +got\n%s", diff)
	}
}
