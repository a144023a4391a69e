package harness

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"assay/suite/internal/sut"
	"assay/suite/internal/world"
)

// hostOnly is a world of which tests need no more than the host's address.
type hostOnly struct{ world.World }

func (hostOnly) Host() (v4, v6 netip.Addr) {
	return netip.MustParseAddr("127.0.0.10"), netip.Addr{}
}

func TestFurtherPorts(t *testing.T) {
	t.Parallel()
	target := &sut.Target{
		Ports: []sut.Port{{Name: "metrics"}, {Name: "debug", Fixed: 6060}, {Name: "grpc"}},
	}
	seen := map[string]int{}
	for worker := range world.MaxWorker + 1 {
		e := &Env{World: hostOnly{}, worker: worker, setup: Setup{Target: target}}
		for range furtherNumber / 2 {
			ports := e.furtherPorts()
			if ports["debug"] != "127.0.0.10:6060" {
				t.Fatalf("the fixed port is %s", ports["debug"])
			}
			for _, name := range []string{"metrics", "grpc"} {
				at, err := netip.ParseAddrPort(ports[name])
				if err != nil || at.Port() < firstFurther || at.Port() >= 32768 {
					t.Fatalf("worker %d: %s is %s, want a port between those of specs and of clients",
						worker, name, ports[name])
				}
				if other, taken := seen[ports[name]]; taken {
					t.Fatalf("%s was given to worker %d and to worker %d", ports[name], other, worker)
				}
				seen[ports[name]] = worker
			}
		}
	}
}

func TestWorkers(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		kind  world.Kind
		fixed int
		want  int
	}{{world.Namespace, 6060, 8}, {world.Loopback, 0, 8}, {world.Loopback, 6060, 1}} {
		u := Setup{Target: &sut.Target{Ports: []sut.Port{{Name: "a", Fixed: row.fixed}}}}
		if got := u.Workers(row.kind, 8); got != row.want {
			t.Errorf("%+v: got %d workers", row, got)
		}
	}
}

func TestBackendAnswersEverything(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(answer))
	t.Cleanup(server.Close)
	for path, want := range map[string]string{
		"/": "for /", "/a%0Ab": "for /a%0Ab", "/x?y=1": "for /x",
	} {
		response, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		shown := strings.HasSuffix(string(body), want+"\n")
		if err != nil || response.StatusCode != http.StatusOK || !shown {
			t.Errorf("%s: %d %q, %v", path, response.StatusCode, body, err)
		}
	}
}
