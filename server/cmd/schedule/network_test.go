package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func ask(t *testing.T, d *connection) (status int) {
	t.Helper()
	res, err := d.RoundTrip(httptest.NewRequestWithContext(context.Background(), http.MethodGet,
		"https://acme.test/dir", nil))
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

func TestConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &connection{ca: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.TLS == nil || r.Host != "acme.test" || r.RequestURI != "/dir" {
				w.WriteHeader(http.StatusBadRequest)
			}
		})}
		if got := ask(t, d); got != http.StatusOK {
			t.Errorf("found %d, expected 200", got)
		}
		d.fail(true)
		if got := ask(t, d); got != http.StatusInternalServerError {
			t.Errorf("failing: found %d, expected 500", got)
		}
		d.fail(false)
		if n := len(d.since(time.Now())); n != 2 {
			t.Errorf("found %d requests, expected 2", n)
		}
		letPass(time.Hour)
		if n := len(d.since(time.Now())); n != 0 {
			t.Errorf("found %d requests after an hour, expected none", n)
		}
	})
}

// A client may ask a lot over the years, but not for ever at one moment.
func TestConnectionEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		between time.Duration
		most    int
	}{
		"in a loop":         {0, mostRequestsAnHour},
		"every ten seconds": {10 * time.Second, mostRequestsAnHour},
		"every minute":      {time.Minute, mostRequests},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &connection{ca: http.NotFoundHandler()}
				answered := 0
				for ask(t, d) != 0 {
					answered++
					letPass(c.between)
				}
				if answered != c.most || !d.stopped() {
					t.Errorf("%d requests were answered, expected %d", answered, c.most)
				}
			})
		})
	}
}

func TestAttempts(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	var requests []time.Time
	for _, at := range []int{100, 101, 110, 139, 169, 1000} {
		requests = append(requests, begun.Add(time.Duration(at)*time.Second))
	}
	got := (&simulation{begun: begun}).attempts(requests)
	want := []attempt{{At: 100, Requests: 4}, {At: 169, Requests: 1}, {At: 1000, Requests: 1}}
	if len(got) != len(want) {
		t.Fatalf("found %v, expected %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("found %v, expected %v", got, want)
		}
	}
}
