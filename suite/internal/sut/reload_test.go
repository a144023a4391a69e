package sut

import (
	"context"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestReload(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tell := func(words ...string) Reload {
		return Reload{Command: append([]string{self, "fake", "tell", "{{.PID}}"}, words...)}
	}
	for name, row := range map[string]struct {
		how  Reload
		says []string // in the log, in any order
	}{
		"signal":  {Reload{Signal: Signal{syscall.SIGHUP}}, []string{"stdout reloading"}},
		"command": {tell(), []string{"reload telling true []", "stdout reloading"}},
		"command that complains": {
			tell("{{.Keys.server_url}}", "x"),
			[]string{
				"reload telling true [http://host.test x]", "stdout reloading",
				"assay the reload command ended: exit status 2",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, fake(t, "hup", func(tt *Target) { tt.Reload = row.how }),
				map[string]any{"server_url": "http://host.test"})
			await := func(text string) {
				t.Helper()
				said := func(l Line) bool { return string(l.Stream)+" "+l.Text == text }
				if _, err := p.Log().Wait(t.Context(), text, said); err != nil {
					t.Fatal(err)
				}
			}
			await("stdout ready")
			if err := p.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, text := range row.says {
				await(text)
			}
			p.Kill()
			if err := p.Reload(t.Context()); err != nil {
				t.Errorf("after its end: %v", err)
			}
		})
	}
}

func TestReloadThatCannotBeDone(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		command []string
		want    string
	}{
		{[]string{"/no/such/command"}, "reload.command: fork/exec /no/such/command"},
		{[]string{self, "fake", "linger"}, "did not end: context deadline exceeded"},
	} {
		p := start(t, fake(t, "hup", func(tt *Target) { tt.Reload.Command = row.command }), nil)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := p.Reload(ctx); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%q: got %v, want %s", row.command, err, row.want)
		}
	}
}

func TestReloadOffered(t *testing.T) {
	t.Parallel()
	for text, offered := range map[string]bool{
		"none": false, "SIGHUP": true, "watch": true,
		"{signal: SIGUSR1}": true, "{command: [x]}": true, "{watch: true, within: 5s}": true,
	} {
		tt := parsed(t, smallest+"config: {base: {}}\nreload: "+text)
		if tt.Reload.Offered() != offered {
			t.Errorf("%s: offered is %t", text, !offered)
		}
	}
	tt := parsed(t, smallest+"config: {base: {}}\nreload: {command: [x, a], within: 3s}")
	tt.Reload.Command[0] = tt.Command[0]
	tt.SetBinary("/other")
	if !slices.Equal(tt.Reload.Command, []string{"/other", "a"}) || tt.Reload.Within != 3*time.Second {
		t.Errorf("got %+v", tt.Reload)
	}
}
