package upgrade

import (
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestAxisSettings(t *testing.T) {
	t.Parallel()
	toolchains := func(names ...string) Axis { return Axis{Go: names} }
	values := func(texts ...string) Axis { return Axis{GODEBUG: texts} }
	cas := func(names ...string) Axis { return Axis{CA: names} }
	for name, c := range map[string]struct {
		axis     Axis
		compared string
		names    []string
		wrong    string
	}{
		"nothing": {},
		"toolchains": {
			axis:     toolchains("go1.26.0", "go1.27rc1"),
			compared: Toolchains, names: []string{"go1.26.0", "go1.27rc1"},
		},
		"a value": {
			axis: values("tlsmlkem=0"), compared: GODEBUG, names: []string{"none", "tlsmlkem=0"},
		},
		"CAs": {
			axis: cas("edge", "letsencrypt"), compared: CAs, names: []string{"edge", "letsencrypt"},
		},
		"one toolchain": {axis: toolchains("go1.26.0"), wrong: "go1.26.0 alone"},
		"no toolchain":  {axis: toolchains("1.26", "local"), wrong: `--go: found "1.26"`},
		"twice":         {axis: cas("edge", "edge"), wrong: "edge a second time"},
		"an unknown CA": {axis: cas("edge", "nobody"), wrong: `--ca: found "nobody"`},
		"a path":        {axis: values("../x=1"), wrong: "--godebug: found"},
		"two axes":      {axis: Axis{GODEBUG: []string{"x=1"}, CA: []string{"edge"}}, wrong: "several"},
		"two others":    {axis: Axis{GODEBUG: []string{"x=1"}, Go: []string{"go1.26"}}, wrong: "several"},
	} {
		compared, all, err := c.axis.Settings()
		var names []string
		for _, s := range all {
			names = append(names, s.Name)
		}
		switch {
		case c.wrong != "":
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: error %v, expected %s", name, err, c.wrong)
			}
		case err != nil || compared != c.compared || !slices.Equal(names, c.names):
			t.Errorf("%s: found %s, %q (%v), expected %s, %q",
				name, compared, names, err, c.compared, c.names)
		}
	}
	if _, all, err := (Axis{CA: []string{"all"}}).Settings(); err != nil || len(all) < 5 {
		t.Errorf("all: found %d settings (%v), expected one for each preset", len(all), err)
	}
}

// TestBuildByAToolchain builds by the toolchain at hand, which needs no download.
func TestBuildByAToolchain(t *testing.T) {
	t.Parallel()
	needsGo(t)
	dir := tree(t, map[string]string{"go.mod": gomod, "cmd/x/main.go": main})
	builder, err := NewBuilder(t.Context(), Source{Dir: dir, Package: "./cmd/x"}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := builder.Build(t.Context(), Setting{Name: "here", Go: runtime.Version()}); err != nil {
		t.Error(err)
	}
	_, err = builder.Build(t.Context(), Setting{Name: "other", Go: "local"})
	if want := "expected local"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, expected one that says %q", err, want)
	}
}
