package sut

import (
	"net/netip"
	"slices"
	"testing"
)

func TestPorts(t *testing.T) {
	t.Parallel()
	tt := parsed(t, smallest+"config: {base: {}}\nports: [metrics, {name: debug, fixed: 6060}]")
	want := []Port{{Name: "metrics"}, {Name: "debug", Fixed: 6060}}
	if !slices.Equal(tt.Ports, want) || !slices.Equal(tt.FixedPorts(), []int{6060}) {
		t.Errorf("got %+v", tt.Ports)
	}
	l := prepare(t, fake(t, "silent", func(tt *Target) {
		tt.Ports = want
		tt.Config.Template = "{{.Ports.metrics}} {{port .Ports.debug}} {{.Backend}}"
	}), Input{
		Dir: t.TempDir(), Backend: "127.0.0.1:8",
		Ports: map[string]string{"metrics": "127.0.0.1:20001", "debug": "127.0.0.1:6060"},
	})
	if got := content(t, l.ConfigFile); got != "127.0.0.1:20001 6060 127.0.0.1:8" {
		t.Errorf("configuration %q", got)
	}
	for listener, own := range map[string]bool{
		"127.0.0.1:20001": true, "[::]:6060": true, "127.0.0.1:8": false, "127.0.0.1:443": false,
	} {
		if l.OwnPort(netip.MustParseAddrPort(listener)) != own {
			t.Errorf("%s: own is %t", listener, !own)
		}
	}
}

// A server of which no listener is expected may open its further ports.
func TestFurtherPortsAreNoListeners(t *testing.T) {
	t.Parallel()
	tt := fake(t, "exit", func(tt *Target) { tt.Ports = []Port{{Name: "metrics"}} })
	l := prepare(t, tt,
		Input{Dir: t.TempDir(), Ports: map[string]string{"metrics": "127.0.0.1:20001"}})
	p, err := Start(l, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	r := Readiness{AnyListener: true, Listeners: scripted([]string{"127.0.0.1:20001"})}
	if err := p.Ready(t.Context(), r); err == nil {
		t.Error("a further port counts as the listener")
	}
}

func TestStartDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tt := fake(t, "leave-file", func(tt *Target) { tt.Command = append(tt.Command, "{{.StartDir}}") })
	first := prepare(t, tt, Input{Dir: dir})
	second := prepare(t, tt, Input{Dir: dir})
	if first.StartDir == second.StartDir || first.StartDir == "" {
		t.Errorf("two launches have %q and %q", first.StartDir, second.StartDir)
	}
	if !first.Owns(".start1/pid") || first.Owns(".start2/pid") {
		t.Error("a launch owns the files of its own start")
	}
	for range 2 {
		p, err := Start(first, nil)
		if err != nil {
			t.Fatal(err)
		}
		<-p.Exited()
		if got := p.Log().Text(); got != "0 <nil>\n" {
			t.Errorf("it found %q, want no file", got)
		}
	}
	if tt = fake(t, "exit", nil); prepare(t, tt, Input{Dir: dir}).StartDir != "" {
		t.Error("a directory that no template mentions was made")
	}
}

func TestWantsBackend(t *testing.T) {
	t.Parallel()
	for config, wants := range map[string]bool{
		"template: 'server {{.Backend}}'":           true,
		"template: '{{with .Backend}}{{.}}{{end}}'": true,
		"base: {proxy: {to: '{{.Backend}}'}}":       true,
		"template: 'Backend'":                       false,
		"base: {}":                                  false,
	} {
		if tt := parsed(t, smallest+"config: {"+config+"}"); tt.WantsBackend() != wants {
			t.Errorf("%s: wants a backend: %t", config, !wants)
		}
	}
}
