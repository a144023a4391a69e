package dnsapi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// records writes down what it is told.
type records map[string]string

func (r records) Point(name string, addrs ...netip.Addr) { r["A "+name] = fmt.Sprint(addrs) }

func (r records) SetTexts(name string, texts ...string) { r["TXT "+name] = fmt.Sprint(texts) }

func TestHandler(t *testing.T) {
	t.Parallel()
	r := records{}
	handler := Handler(r)
	for _, step := range []struct {
		path, body string
		status     int
		says       string // of an error
		name, want string // of a record
	}{
		{"/set-txt", `{"host": "_acme-challenge.A.test.", "value": "one"}`, 200, "",
			"TXT _acme-challenge.a.test", "[one]"},
		{"/set-txt", `{"host": "_acme-challenge.a.test", "value": "two"}`, 200, "",
			"TXT _acme-challenge.a.test", "[one two]"},
		{"/clear-txt", `{"host": "_acme-challenge.a.test"}`, 200, "", "TXT _acme-challenge.a.test", "[]"},
		{"/set-txt", `{"host": "_acme-challenge.a.test", "value": "three"}`, 200, "",
			"TXT _acme-challenge.a.test", "[three]"},
		{"/add-a", `{"host": "a.test", "addresses": ["127.0.0.2"]}`, 200, "", "A a.test", "[127.0.0.2]"},
		{"/add-aaaa", `{"host": "a.test", "addresses": ["::1"]}`, 200, "",
			"A a.test", "[127.0.0.2 ::1]"},
		{"/clear-a", `{"host": "a.test"}`, 200, "", "A a.test", "[::1]"},
		{"/clear-aaaa", `{"host": "a.test"}`, 200, "", "A a.test", "[]"},

		{"/set-txt", `{"host": "a.test"}`, 400, "value: found 0 bytes, expected 1 to 255", "", ""},
		{"/set-txt", `{"value": "x"}`, 400, "host: found nothing", "", ""},
		{"/set-txt", `host=a.test`, 400, "expected a JSON object", "", ""},
		{"/add-a", `{"host": "b.test", "addresses": ["::1"]}`, 400,
			`addresses[0]: found "::1", expected an IPv4 address`, "", ""},
		{"/add-a", `{"host": "b.test"}`, 400, "addresses: found none", "", ""},
		{"/set-txt", `{"host": "` + strings.Repeat("a", bodyAtMost) + `"}`, 400, "too large", "", ""},
		{"/else", `{}`, 404, "", "", ""},
	} {
		w := httptest.NewRecorder()
		body := strings.NewReader(step.body)
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, step.path, body))
		if w.Code != step.status || !strings.Contains(w.Body.String(), step.says) {
			t.Errorf("%s %.60s: %d %q, expected %d %q", step.path, step.body, w.Code, w.Body, step.status,
				step.says)
		}
		if r[step.name] != step.want {
			t.Errorf("%s %.60s: %s is %q, expected %q", step.path, step.body, step.name, r[step.name],
				step.want)
		}
	}
	if _, set := r["A b.test"]; set {
		t.Error("a request with a mistake changed a record")
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/set-txt", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d, expected %d", w.Code, http.StatusMethodNotAllowed)
	}
}
